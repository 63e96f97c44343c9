import type { ReactElement } from 'react';
import { cursorMs, START } from '../../../../model/cursor.ts';
import { clockText } from '../ui/clock.ts';
import type { LiveView } from './live-view.ts';
import { countText } from '../ui/numbers.ts';

/** The place above the first row: what is older, and how to get it. It always has the height of a row. */
export function PastRow({
  view: { older, past },
  rowPx,
  onRetry,
  onOpen,
}: {
  readonly view: LiveView;
  readonly rowPx: number;
  readonly onRetry: () => void;
  readonly onOpen: () => void;
}): ReactElement {
  const ms = cursorMs(older.until ?? START);
  const back = ms === 0 ? '' : `, back to ${clockText(new Date(ms).toISOString())} so far`;
  const gone =
    older.gone === 0
      ? ''
      : ` ${countText(older.gone)} live-only events from before are gone, since no history has them.`;
  return (
    <div
      role="row"
      style={{ height: rowPx }}
      className="flex items-center justify-center gap-2 overflow-hidden px-3 text-xs text-muted"
    >
      <span role="gridcell" className="truncate">
        {past.status === 'failed' && (
          <>
            <span className="text-bad">Older events could not be read: {past.error?.message}</span>{' '}
            <Act label="Try again" run={onRetry} />
          </>
        )}
        {past.status === 'closed' && <Act label="Show the events from before" run={onOpen} />}
        {past.status === 'reading' && `Reading older events${back} …`}
        {past.status === 'idle' &&
          (older.isEnd ? 'The log has nothing older.' : 'Older events follow when you scroll here.')}
        {gone}
      </span>
    </div>
  );
}

function Act({ label, run }: { readonly label: string; readonly run: () => void }): ReactElement {
  return (
    <button type="button" className="text-accent underline" onClick={run}>
      {label}
    </button>
  );
}
