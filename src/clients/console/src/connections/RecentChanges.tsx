import type { HubEvent } from '@belfry/client';
import type { ReactElement } from 'react';
import { Time } from '../ui/Time.tsx';
import type { Connection } from './connection.ts';

const SHOWN = 8;

/** The latest that the log tells of a principal, in words. */
export function RecentChanges({
  events,
}: {
  readonly events: readonly HubEvent[] | undefined;
}): ReactElement {
  const latest = (events ?? []).slice(-SHOWN).toReversed();
  return (
    <details>
      <summary className="cursor-pointer text-xs text-muted">What the log tells</summary>
      {events !== undefined && latest.length === 0 && (
        <p className="py-1 text-muted">
          Nothing in this time. It came before, or the log does not go back so far.
        </p>
      )}
      <ol className="flex flex-col gap-1 py-1">
        {latest.map((event, index) => (
          <li key={event.id ?? `live ${index}`} className="flex gap-2">
            <Time at={event.time} className="text-muted" />
            <span className="min-w-0 break-words">{sentenceOf(event)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function sentenceOf({ type, action, object }: HubEvent): string {
  if (type === 'presence') return action === 'online' ? 'came online' : 'went offline';
  const { RemoteAddr, Node, Reason } = object as Connection;
  const place = `${RemoteAddr} on ${Node}`;
  if (action === 'create') return `connected: ${place}`;
  if (action === 'update') return `signed in anew: ${place}`;
  return `ended: ${place}${Reason === undefined ? '' : `, ${Reason}`}`;
}
