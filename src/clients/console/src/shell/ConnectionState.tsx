import { useConnection, useHub } from '@belfry/client/react';
import type { ReactElement } from 'react';
import type { State } from '@belfry/client';
import { useNow } from '../ui/use-now.ts';

const SECOND_MS = 1_000;

/** How the connection of the page is, in one line that does not change its height. */
export function ConnectionState(): ReactElement {
  const state = useConnection();
  const hub = useHub();
  const now = useNow(state.status === 'waiting');
  const { text, tone } = describe(state, now);
  const reason =
    state.reason === undefined
      ? text
      : `${text} The last connection ended with ${state.reason.code}: ${state.reason.text}`;
  return (
    <p className="flex h-6 items-center gap-2" title={reason} role="status">
      <span aria-hidden className={`size-2 shrink-0 rounded-full ${tone}`} />
      <span className="min-w-0 flex-1 truncate max-sm:sr-only">{text}</span>
      {(state.status === 'waiting' || state.status === 'closed') && (
        <button type="button" className="text-accent underline" onClick={() => hub.reconnect()}>
          now
        </button>
      )}
    </p>
  );
}

function describe(
  { status, nextAttemptAt, transport }: State,
  now: number,
): { readonly text: string; readonly tone: string } {
  switch (status) {
    case 'open':
      return { text: transport === 'stream' ? 'Connected by a stream' : 'Connected', tone: 'bg-good' };
    case 'waiting':
      return {
        text: `Tries again in ${Math.max(0, Math.ceil(((nextAttemptAt ?? now) - now) / SECOND_MS))} s`,
        tone: 'bg-warn',
      };
    case 'closed':
      return { text: 'The hub closed the connection', tone: 'bg-bad' };
    case 'connecting':
      return { text: 'Connecting', tone: 'bg-warn' };
    case 'idle':
      return { text: 'Not listening', tone: 'bg-muted' };
  }
}
