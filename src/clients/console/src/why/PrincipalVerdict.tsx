import { useQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { cursorMs } from '../../../../model/cursor.ts';
import { dialectOf, type Connection } from '../connections/connection.ts';
import { readHistory } from '../connections/read-history.ts';
import { session } from '../session/session.ts';
import { Badge } from '../ui/Badge.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { plural } from '../ui/numbers.ts';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { askList, askWhy } from './ask.ts';
import { ConnectionVerdict } from './ConnectionVerdict.tsx';
import type { LoggedEvent } from './explanation.ts';
import { stoppedBy, VERDICTS } from './rules.ts';
import { thenAndNow, type ThenAndNow } from './was-connected.ts';

/** How many connections of a principal are asked about at once. */
const ASKED_MAX = 20;

/** Why a principal heard an event, or did not: whether it was connected then, and each connection that it has now. */
export function PrincipalVerdict({
  event,
  principal,
}: {
  readonly event: LoggedEvent;
  readonly principal: string;
}): ReactElement {
  // The publisher may have written any time into the event. Its id is the time at which it came.
  const at = cursorMs(event.id);
  const { data, error, refetch } = useQuery({
    queryKey: ['why', 'principal', principal, event.id],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({
        Principal: `Eq(${principal})`,
        Type: 'Ne(api)',
        sort: 'CreateTime',
        reverse: 'true',
      });
      const { connections } = await askList(query, signal);
      const history = await readHistory((path, init) => session.request(path, init), principal, at, signal);
      return { connections, was: thenAndNow(history, connections, at) };
    },
    gcTime: 0,
  });
  if (error !== null)
    return (
      <div className="p-4">
        <ErrorNote error={error} retry={() => void refetch()} />
      </div>
    );
  if (data === undefined) return <div className="h-64" aria-busy="true" />;
  const { connections, was } = data;
  return (
    <div>
      <p
        role="status"
        className={`px-4 py-3 text-base font-semibold ${was.openThen === 0 ? 'text-bad' : ''}`}
      >
        <Then principal={visibleText(principal)} was={was} />
      </p>
      {connections.slice(0, ASKED_MAX).map((connection) => (
        <OneOfMany
          key={connection.Id}
          connection={connection}
          event={event}
          isFirst={connections.length === 1}
        />
      ))}
      {connections.length > ASKED_MAX && (
        <p className="border-t border-line px-4 py-2 text-muted">
          It has {plural(connections.length, 'connection')}. These are the newest {ASKED_MAX}.
        </p>
      )}
    </div>
  );
}

function Then({ principal, was }: { readonly principal: string; readonly was: ThenAndNow }): ReactElement {
  const now =
    was.openNow === 0 ? 'It is not connected now.' : `It has ${plural(was.openNow, 'connection')} now.`;
  if (was.openThen === undefined)
    return (
      <>
        The log does not tell whether {principal} was connected when the event came. {now}
      </>
    );
  if (was.openThen > 0)
    return (
      <>
        {principal} had {plural(was.openThen, 'connection')} when the event came. {now}
      </>
    );
  return (
    <>
      {principal} was not connected when the event came.{' '}
      {was.cameBackAt !== undefined && (
        <>
          It connected at <Time at={new Date(was.cameBackAt).toISOString()} />.{' '}
        </>
      )}
      {now}
    </>
  );
}

function OneOfMany({
  connection,
  event,
  isFirst,
}: {
  readonly connection: Connection;
  readonly event: LoggedEvent;
  readonly isFirst: boolean;
}): ReactElement {
  const [isOpen, open] = useState(isFirst);
  const { Id, RemoteAddr, Node, CreateTime } = connection;
  const { data } = useQuery({
    queryKey: ['why', 'explain', event.id, Id],
    queryFn: ({ signal }) => askWhy(event.id, Id, signal),
    gcTime: 0,
  });
  return (
    <details
      className="group border-t border-line"
      open={isOpen}
      onToggle={({ currentTarget }) => open(currentTarget.open)}
    >
      <summary className="flex cursor-pointer flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 hover:bg-raised">
        <ChevronRight aria-hidden className="-ml-1 size-4 shrink-0 text-muted group-open:rotate-90" />
        <span className="font-mono text-[13px]">{RemoteAddr}</span>
        <span className="text-muted">
          {dialectOf(connection)} on {Node}, since <Time at={CreateTime} />
        </span>
        {data !== undefined && (
          <Badge tone={data.outcome === 'sent' ? 'good' : 'bad'}>{VERDICTS[stoppedBy(data)]}</Badge>
        )}
      </summary>
      {isOpen && <ConnectionVerdict event={event.id} logged={event} connection={Id} known={connection} />}
    </details>
  );
}
