import { useConnection } from '@belfry/client/react';
import { ArrowDown, Pause, Play, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import type { LiveStore } from './live-store.ts';
import type { LiveView } from './live-view.ts';
import { RateLine } from './RateLine.tsx';
import { countText } from '../ui/numbers.ts';

/** Whether the list follows, what waits, and how fast events come. */
export function LiveStatus({
  store,
  view,
  note,
}: {
  readonly store: LiveStore;
  readonly view: LiveView;
  /** What was just done, such as "Copied". */
  readonly note: string;
}): ReactElement {
  const { isPaused, isFollowing, waiting, inHistory } = view;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Button
        aria-pressed={isPaused}
        title={isPaused ? 'Go on (Space)' : 'Pause (Space)'}
        className="w-28"
        onClick={() => (isPaused ? store.follow() : store.pause())}
      >
        {isPaused ? <Play aria-hidden className="size-4" /> : <Pause aria-hidden className="size-4" />}
        {isPaused ? 'Go on' : 'Pause'}
      </Button>
      <Button
        kind="quiet"
        aria-label="Clear the list"
        title="Clear the list (x)"
        className="w-8 px-0!"
        onClick={() => store.clear()}
      >
        <Trash2 aria-hidden className="size-4" />
      </Button>
      <RateLine rate={store.rate} />
      <p className="flex min-h-6 min-w-0 items-center gap-2 text-xs" role="status">
        {note !== '' && <span className="text-good">{note}</span>}
        {isFollowing ? (
          <LinkState />
        ) : (
          <>
            <button
              type="button"
              className="inline-flex h-6 items-center gap-1 rounded bg-tint px-2 font-medium text-accent tabular-nums"
              onClick={() => store.follow()}
            >
              <ArrowDown aria-hidden className="size-3.5" />
              {waiting === 0 ? 'Newest' : `${countText(waiting)} new`}
            </button>
            {inHistory > 0 && (
              <span className="text-muted">
                {countText(inHistory)} of them are only in the history, and are read when you scroll there.
              </span>
            )}
          </>
        )}
      </p>
    </div>
  );
}

/** Says so while nothing can come. What comes meanwhile follows, since the connection goes on where it was. */
function LinkState(): ReactElement {
  const { status } = useConnection();
  if (status === 'open' || status === 'idle') return <span className="text-muted">Follows the newest</span>;
  return (
    <span className="text-warn">
      {status === 'closed'
        ? 'The hub closed the connection.'
        : 'The connection is lost. What comes meanwhile follows as soon as it is back.'}
    </span>
  );
}
