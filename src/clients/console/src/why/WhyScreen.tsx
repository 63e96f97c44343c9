import { useQuery } from '@tanstack/react-query';
import { HubError } from '@belfry/client';
import { useRef, type ReactElement } from 'react';
import { Link } from 'wouter';
import { ANONYMOUS, dialectOf, type Connection } from '../connections/connection.ts';
import { session } from '../session/session.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { Screen } from '../ui/Screen.tsx';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { askEvent } from './ask.ts';
import { ConnectionPicker } from './ConnectionPicker.tsx';
import { ConnectionVerdict } from './ConnectionVerdict.tsx';
import { EventPicker } from './EventPicker.tsx';
import { topicOf, type LoggedEvent } from './explanation.ts';
import { Panel } from './Panel.tsx';
import { PrincipalVerdict } from './PrincipalVerdict.tsx';
import { useQuestion } from './use-question.ts';
import { WhoHearsAnswer } from './WhoHearsAnswer.tsx';

/** Why a client did not hear an event, and who would hear one. */
export default function WhyScreen(): ReactElement {
  const { question, ask } = useQuestion();
  const { event, connection, principal, topic } = question;
  const eventInput = useRef<HTMLInputElement>(null);
  const clientInput = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: '/', label: 'Find', run: () => (eventInput.current ?? clientInput.current)?.focus() },
    {
      keys: 'Escape',
      label: 'Ask anew',
      run: () => ask({ event: '', connection: '', principal: '', topic: '' }),
    },
  ]);
  const logged = useLogged(event);
  const known = useKnown(connection);
  const hasClient = connection !== undefined || principal !== undefined;
  return (
    <Screen
      title="Why?"
      tools={
        <p className="min-w-0 flex-1 text-muted">Why did a client not hear an event? Pick the two of them.</p>
      }
    >
      <div className="flex min-h-full flex-col gap-3 p-3 lg:h-full lg:min-h-0 lg:flex-row">
        <div className="flex min-h-0 min-w-0 flex-col gap-3 lg:flex-1">
          {topic !== undefined && (
            <Panel title="The topic" tools={<Another onClick={() => ask({ topic: '' })} />}>
              <p className="px-4 py-2 font-mono break-all">{visibleText(topic)}</p>
            </Panel>
          )}
          {event !== undefined && (
            <Panel title="The event" tools={<Another onClick={() => ask({ event: '' })} />}>
              <TheEvent id={event} logged={logged} />
            </Panel>
          )}
          {event === undefined && topic === undefined && (
            <EventPicker
              input={eventInput}
              onEvent={(id) => ask({ event: id, topic: '' })}
              onTopic={(text) => ask({ topic: text, event: '' })}
            />
          )}
          {hasClient && (
            <Panel
              title="The client"
              tools={<Another onClick={() => ask({ connection: '', principal: '' })} />}
            >
              <TheClient name={connection ?? principal ?? ''} known={known} />
            </Panel>
          )}
          {event !== undefined && !hasClient && (
            <ConnectionPicker
              input={clientInput}
              onConnection={(id) => ask({ connection: id })}
              onPrincipal={(name) => ask({ principal: name })}
            />
          )}
        </div>
        <div
          className="flex min-h-0 min-w-0 flex-col gap-3 lg:flex-1 lg:overflow-auto"
          tabIndex={0}
          role="group"
          aria-label="The answer"
        >
          {event === undefined && topic === undefined && !hasClient && (
            <ConnectionPicker
              input={clientInput}
              onConnection={(id) => ask({ connection: id })}
              onPrincipal={(name) => ask({ principal: name })}
            />
          )}
          {event === undefined && topic === undefined && hasClient && (
            <p className="m-auto max-w-sm p-8 text-center text-muted">
              Pick the event that it should have heard. The newest are offered.
            </p>
          )}
          {topic !== undefined && (
            <Panel title="Who hears it">
              <WhoHearsAnswer of={{ topic }} />
            </Panel>
          )}
          {event !== undefined && logged !== null && !hasClient && (
            <Panel title="Who would hear it now">
              <WhoHearsAnswer of={{ event }} onConnection={(id) => ask({ connection: id })} />
            </Panel>
          )}
          {event !== undefined && logged !== null && connection !== undefined && (
            <Panel title="The answer">
              <ConnectionVerdict
                event={event}
                logged={logged}
                connection={connection}
                known={known ?? undefined}
                onPrincipal={(name) => ask({ principal: name, connection: '' })}
              />
            </Panel>
          )}
          {logged != null && principal !== undefined && connection === undefined && (
            <Panel title="The answer">
              <PrincipalVerdict event={logged} principal={principal} />
            </Panel>
          )}
        </div>
      </div>
    </Screen>
  );
}

function Another({ onClick }: { readonly onClick: () => void }): ReactElement {
  return <Button onClick={onClick}>Another</Button>;
}

function TheEvent({
  id,
  logged,
}: {
  readonly id: string;
  readonly logged: LoggedEvent | null | undefined;
}): ReactElement {
  if (logged === null)
    return (
      <p role="status" className="px-4 py-3">
        The log has no event <code className="break-all">{id}</code>. It is older than the log, or the id is
        of another hub. Pick another one, or write its type.action.key to ask who would hear it now.
      </p>
    );
  return (
    <div className="flex flex-col gap-1 px-4 py-2">
      <p className="flex min-h-6 flex-wrap items-center gap-2">
        {logged !== undefined && (
          <>
            <Badge>{logged.type}</Badge>
            <bdi className="font-mono break-all">{visibleText(`${logged.action}.${logged.key}`)}</bdi>
          </>
        )}
      </p>
      <p className="flex min-h-5 flex-wrap gap-x-3 text-xs text-muted">
        {logged !== undefined && <Time at={logged.time} />}
        <code className="break-all">{id}</code>
        {logged !== undefined && (
          <Link
            className="text-accent underline"
            href={`/why?${new URLSearchParams({ topic: topicOf(logged) }).toString()}`}
          >
            Who hears such events?
          </Link>
        )}
      </p>
    </div>
  );
}

function TheClient({
  name,
  known,
}: {
  readonly name: string;
  readonly known: Connection | null | undefined;
}): ReactElement {
  if (known == null)
    return (
      <p className="min-h-14 px-4 py-2 font-medium break-all">
        {visibleText(name)}{' '}
        {known === null && <span className="font-normal text-muted">is not connected any more.</span>}
      </p>
    );
  return (
    <div className="flex min-h-14 flex-col gap-1 px-4 py-2">
      <p className="font-medium break-all">
        <Link className="underline" href={`/connections/${encodeURIComponent(known.Id)}`}>
          {known.Principal === ANONYMOUS ? 'anonymous' : visibleText(known.Principal)}
        </Link>
      </p>
      <p className="flex flex-wrap gap-x-3 text-xs text-muted">
        <span className="font-mono">{known.RemoteAddr}</span>
        {dialectOf(known)} on {known.Node}, since <Time at={known.CreateTime} />
      </p>
    </div>
  );
}

/** The event of the log; `null` if the log does not have it. */
function useLogged(id: string | undefined): LoggedEvent | null | undefined {
  const { data } = useQuery({
    queryKey: ['why', 'event', id],
    queryFn: ({ signal }) => askEvent(id ?? '', signal),
    enabled: id !== undefined,
    staleTime: Infinity,
  });
  return data;
}

/** The connection as it is now; `null` if it has ended. */
function useKnown(name: string | undefined): Connection | null | undefined {
  const { data } = useQuery({
    queryKey: ['why', 'connection', name],
    queryFn: async ({ signal }) => {
      try {
        const response = await session.request(`api/v3/connections/${encodeURIComponent(name ?? '')}`, {
          signal,
        });
        return (await response.json()) as Connection;
      } catch (error) {
        if (error instanceof HubError && error.code === 'not_found') return null;
        throw error;
      }
    },
    enabled: name !== undefined,
    gcTime: 0,
  });
  return data;
}
