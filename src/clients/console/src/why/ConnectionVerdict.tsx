import { HubError } from '@belfry/client';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX } from 'lucide-react';
import type { ReactElement } from 'react';
import { ANONYMOUS, type Connection } from '../connections/connection.ts';
import { EndedNote, useEnd } from '../connections/EndedNote.tsx';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { Advice } from './Advice.tsx';
import { askWhy } from './ask.ts';
import type { LoggedEvent } from './explanation.ts';
import { RuleList } from './RuleList.tsx';
import { stoppedBy, VERDICTS } from './rules.ts';

export interface ConnectionVerdictProps {
  readonly event: string;
  /** What the log has of the event, `null` if it does not have it. */
  readonly logged: LoggedEvent | null | undefined;
  readonly connection: string;
  readonly known: Connection | undefined;
  /** Asks about all connections of a principal instead. */
  readonly onPrincipal?: ((principal: string) => void) | undefined;
}

/** Why one connection heard an event, or did not. */
export function ConnectionVerdict({
  event,
  logged,
  connection,
  known,
  onPrincipal,
}: ConnectionVerdictProps): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: ['why', 'explain', event, connection],
    queryFn: ({ signal }) => askWhy(event, connection, signal),
    gcTime: 0,
  });
  if (error instanceof HubError && error.code === 'not_found')
    return <Ended connection={connection} onPrincipal={onPrincipal} />;
  if (error !== null)
    return (
      <div className="p-4">
        <ErrorNote error={error} retry={() => void refetch()} />
      </div>
    );
  if (data === undefined) return <div className="h-64" aria-busy="true" />;
  const stopped = stoppedBy(data);
  const isSent = stopped === 'sent';
  const Mark = isSent ? CircleCheck : CircleX;
  return (
    <div>
      <p
        role="status"
        className={`flex items-start gap-3 px-4 py-3 text-base font-semibold ${isSent ? 'text-good' : 'text-bad'}`}
      >
        <Mark aria-hidden className="mt-0.5 size-5 shrink-0" />
        {VERDICTS[stopped]}
      </p>
      <RuleList why={data.why} />
      <Advice explanation={data} event={logged} connection={known} />
    </div>
  );
}

/** Only a connection that is open can be asked about. Its principal can be asked about later, too. */
function Ended({
  connection,
  onPrincipal,
}: Pick<ConnectionVerdictProps, 'connection' | 'onPrincipal'>): ReactElement {
  const principal = useEnd(connection)?.object.Principal ?? ANONYMOUS;
  return (
    <div className="flex flex-col gap-3 p-4">
      <EndedNote id={connection} known={undefined} />
      <p className="text-muted">The rules can be asked only about a connection that is open.</p>
      {principal !== ANONYMOUS && onPrincipal !== undefined && (
        <Button className="self-start" onClick={() => onPrincipal(principal)}>
          Was {visibleText(principal, 100)} connected then?
        </Button>
      )}
    </div>
  );
}
