import { useQuery } from '@tanstack/react-query';
import { HubError } from '@belfry/client';
import { X } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Link } from 'wouter';
import { isAdmin } from '../session/me.ts';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { PatternList } from '../ui/PatternList.tsx';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import type { Target } from './closing.ts';
import { ANONYMOUS, dialectOf, type Connection } from './connection.ts';
import { DeliveryFigures } from './DeliveryFigures.tsx';
import { EndedNote } from './EndedNote.tsx';
import { PrincipalPresence } from './PrincipalPresence.tsx';
import { mayClose, mayRevoke } from './rights.ts';

const EVERY_MS = 3_000;

export interface ConnectionDetailProps {
  readonly id: string;
  /** What the list has of it. */
  readonly known: Connection | undefined;
  readonly isEnded: boolean;
  readonly onTarget: (target: Target) => void;
  readonly onClose: () => void;
  readonly onOpen: (id: string) => void;
}

/** All about one connection, beside the list. */
export function ConnectionDetail(props: ConnectionDetailProps): ReactElement {
  const { id, known, isEnded, onClose } = props;
  const asked = useQuery({
    queryKey: ['connection', id],
    queryFn: async ({ signal }) => {
      const path = `api/v3/connections/${encodeURIComponent(id)}?detail=deliveries`;
      return (await (await session.request(path, { signal })).json()) as Connection;
    },
    enabled: !isEnded,
    refetchInterval: ({ state }) => (isNotFound(state.error) ? false : EVERY_MS),
  });
  const isGone = isEnded || isNotFound(asked.error);
  const connection = isGone ? known : (asked.data ?? known);
  return (
    <aside
      aria-label="Connection"
      className="absolute inset-0 z-20 flex min-w-0 flex-col border-line bg-panel sm:static sm:w-[26rem] sm:shrink-0 sm:border-l"
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-b border-line pr-1 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-semibold">
          <bdi>{nameOf(connection)}</bdi>
        </h2>
        <Button
          kind="quiet"
          aria-label="Back to the list"
          title="Back to the list (Escape)"
          className="w-8 px-0!"
          onClick={onClose}
        >
          <X aria-hidden className="size-4" />
        </Button>
      </header>
      <div
        className="flex min-h-0 flex-1 flex-col gap-4 overflow-auto p-4"
        tabIndex={0}
        role="group"
        aria-label="Details"
      >
        {isGone && <EndedNote id={id} known={isEnded ? known : undefined} />}
        {asked.error !== null && !isGone && (
          <ErrorNote error={asked.error} retry={() => void asked.refetch()} />
        )}
        {connection !== undefined && <About {...props} connection={connection} isGone={isGone} />}
      </div>
    </aside>
  );
}

function isNotFound(error: Error | null): boolean {
  return error instanceof HubError && error.code === 'not_found';
}

function nameOf(connection: Connection | undefined): string {
  if (connection === undefined) return 'A connection';
  return connection.Principal === ANONYMOUS ? 'anonymous' : visibleText(connection.Principal);
}

function About({
  connection,
  isGone,
  onTarget,
  onOpen,
}: ConnectionDetailProps & { readonly connection: Connection; readonly isGone: boolean }): ReactElement {
  const { Id, Principal, RemoteAddr, Node, Type, CreateTime, ExpiresAt, Patterns, UserAgent, Deliveries } =
    connection;
  return (
    <>
      {!isGone && <Actions connection={connection} onTarget={onTarget} />}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        <Fact name="Address" copy={RemoteAddr}>
          <span className="font-mono">{RemoteAddr}</span>
        </Fact>
        <Fact name="Node">{Node}</Fact>
        <Fact name="Dialect">
          {dialectOf(connection)} {Type === 'stream' && <Badge>stream</Badge>}
        </Fact>
        <Fact name="Since">
          <Time at={CreateTime} />
        </Fact>
        {!isGone && (
          <Fact name="Token ends">
            {ExpiresAt === null ? <span className="text-muted">never</span> : <Time at={ExpiresAt} />}
          </Fact>
        )}
        <Fact name="User agent">
          <bdi>
            {UserAgent === '' ? <span className="text-muted">not stated</span> : visibleText(UserAgent)}
          </bdi>
        </Fact>
        <Fact name="Id" copy={Id}>
          <span className="font-mono text-xs">{Id}</span>
        </Fact>
      </dl>
      <section aria-labelledby="patterns">
        <h3 id="patterns" className="mb-1 text-xs text-muted">
          Patterns
        </h3>
        {Patterns.length === 0 ? (
          <p className="text-muted">It is subscribed to nothing.</p>
        ) : (
          <PatternList patterns={Patterns} />
        )}
      </section>
      {!isGone && Type !== 'api' && <DeliveryFigures deliveries={Deliveries} />}
      {Principal !== ANONYMOUS && (
        <PrincipalPresence principal={Principal} current={Id} onOpen={onOpen} onTarget={onTarget} />
      )}
    </>
  );
}

function Actions({
  connection,
  onTarget,
}: {
  readonly connection: Connection;
  readonly onTarget: (target: Target) => void;
}): ReactElement {
  const me = useMe();
  const { Id, Principal, Type } = connection;
  return (
    <div className="flex flex-wrap gap-2 empty:hidden">
      {isAdmin(me) && Type !== 'api' && (
        <Link
          href={`/why?${new URLSearchParams({ connection: Id }).toString()}`}
          className="inline-flex h-8 items-center rounded-md border border-line px-3 hover:bg-raised"
          title="Why did it hear an event, or not?"
        >
          Why?
        </Link>
      )}
      {mayClose(me, Principal) && (
        <Button kind="danger" title="Close it (Delete)" onClick={() => onTarget({ kind: 'one', connection })}>
          Close
        </Button>
      )}
      {mayRevoke(me, Principal) && (
        <Button kind="danger" onClick={() => onTarget({ kind: 'tokens', principal: Principal })}>
          Revoke tokens
        </Button>
      )}
    </div>
  );
}

function Fact({
  name,
  copy,
  children,
}: {
  readonly name: string;
  readonly copy?: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="flex min-w-0 items-center gap-1 break-words">
        <span className="min-w-0 break-words">{children}</span>
        {copy !== undefined && (
          <span className="-my-2 shrink-0">
            <CopyButton text={copy} label={`Copy the ${name.toLowerCase()}`} />
          </span>
        )}
      </dd>
    </>
  );
}
