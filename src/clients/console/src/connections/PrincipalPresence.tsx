import { usePresence } from '@belfry/client/react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactElement } from 'react';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { Badge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Time } from '../ui/Time.tsx';
import type { Target } from './closing.ts';
import { dialectOf, type Connection } from './connection.ts';
import { askConnections } from './connections-store.ts';
import { connectionSpans, presenceSpans } from './presence-history.ts';
import { PresenceTimeline } from './PresenceTimeline.tsx';
import { RecentChanges } from './RecentChanges.tsx';
import { mayClose } from './rights.ts';
import { usePrincipalHistory } from './use-principal-history.ts';

const HOUR_MS = 3_600_000;
const WINDOWS = [1, 6, 24] as const;
/** How many connections of one principal are named. */
const OPEN_MAX = 100;

export interface PrincipalPresenceProps {
  readonly principal: string;
  /** The connection that is looked at. */
  readonly current: string;
  readonly onOpen: (id: string) => void;
  readonly onTarget: (target: Target) => void;
}

/** Whether a principal is online, since when it was, and with which connections. */
export function PrincipalPresence({
  principal,
  current,
  onOpen,
  onTarget,
}: PrincipalPresenceProps): ReactElement {
  const me = useMe();
  const [hours, setHours] = useState<(typeof WINDOWS)[number]>(6);
  const begin = useMemo(() => Date.now() - hours * HOUR_MS, [hours]);
  const presence = usePresence(principal);
  const { history, error } = usePrincipalHistory(principal, begin);
  const open = useOpen(principal, history?.events.length);
  const seen =
    presence.online === undefined ? undefined : { online: presence.online, since: presence.since ?? null };
  const spans = presenceSpans(history?.events ?? [], seen, history?.from ?? begin);
  const connections = connectionSpans(history?.events ?? [], open ?? []);
  const others = (open ?? []).filter(({ Id }) => Id !== current);
  return (
    <section aria-labelledby="presence" className="flex flex-col gap-2">
      <div className="flex h-8 items-center gap-2">
        <h3 id="presence" className="text-xs text-muted">
          Presence
        </h3>
        {presence.online !== undefined && (
          <Badge tone={presence.online ? 'good' : 'plain'}>{presence.online ? 'online' : 'offline'}</Badge>
        )}
        {presence.since != null && (
          <span className="text-xs text-muted">
            since <Time at={presence.since} />
          </span>
        )}
        <div className="ml-auto flex" role="group" aria-label="How far back">
          {WINDOWS.map((window) => (
            <Button
              key={window}
              kind="quiet"
              className="h-6! px-2! text-xs"
              aria-pressed={window === hours}
              onClick={() => setHours(window)}
            >
              {window} h
            </Button>
          ))}
        </div>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      <PresenceTimeline
        begin={begin}
        presence={spans}
        connections={connections}
        current={current}
        isKnown={history !== undefined}
      />
      <RecentChanges events={history?.events} />
      <div className="flex h-8 items-center gap-2">
        <h3 className="text-xs text-muted">Its other connections</h3>
        {mayClose(me, principal) && others.length > 0 && (
          <Button
            kind="danger"
            className="ml-auto h-6! px-2! text-xs"
            onClick={() => onTarget({ kind: 'principal', principal, count: others.length + 1 })}
          >
            Close all of this principal
          </Button>
        )}
      </div>
      {open !== undefined && others.length === 0 && <p className="text-muted">It has no other.</p>}
      <ul className="flex flex-col">
        {others.slice(0, OPEN_MAX).map((other) => (
          <li key={other.Id}>
            <button
              type="button"
              className="flex w-full items-center gap-2 rounded px-2 py-1 text-left hover:bg-raised"
              onClick={() => onOpen(other.Id)}
            >
              <span className="font-mono text-[13px]">{other.RemoteAddr}</span>
              <span className="min-w-0 flex-1 truncate text-muted">
                {dialectOf(other)} on {other.Node}
              </span>
              <Time at={other.CreateTime} className="text-xs text-muted" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The open connections of a principal. They are asked for again when it was told of a change. */
function useOpen(principal: string, changes: number | undefined): readonly Connection[] | undefined {
  const { data } = useQuery({
    queryKey: ['connections', 'of', principal, changes],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({
        Principal: `Eq(${principal})`,
        Type: 'Ne(api)',
        limit: `${OPEN_MAX}`,
        sort: 'CreateTime',
        reverse: 'true',
      });
      return (await askConnections((path, init) => session.request(path, init), query.toString(), signal))
        .connections;
    },
    placeholderData: (before) => before,
    gcTime: 0,
  });
  return data;
}
