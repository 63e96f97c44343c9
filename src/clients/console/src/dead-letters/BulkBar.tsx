import { useRef, useState, type ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { countText, plural } from '../ui/numbers.ts';
import { doToAll, type BulkProgress } from './bulk.ts';
import { ConfirmDialog } from './ConfirmDialog.tsx';
import { deleteLetter, retryLetter } from './letters.ts';
import type { ListedLetter } from './letter.ts';
import { rememberRetried } from './retried.ts';
import { lettersChanged } from './use-letters.ts';

type Act = 'retry' | 'delete';

export interface BulkBarProps {
  /** Those that are shown. */
  readonly letters: readonly ListedLetter[];
  /** Whether all pages were read, so that these are all that the filter means. */
  readonly isWhole: boolean;
  readonly onReadAll: () => void;
  /** Called once they are retried or deleted. */
  readonly onDone: () => void;
}

/** Retries or deletes all dead letters of a filter, and shows how far it is. */
export function BulkBar({ letters, isWhole, onReadAll, onDone }: BulkBarProps): ReactElement {
  const [asked, setAsked] = useState<Act>();
  const [running, setRunning] = useState<{ readonly act: Act; readonly progress: BulkProgress }>();
  const abort = useRef<AbortController>(undefined);
  const isBusy = abort.current !== undefined;

  const start = async (act: Act): Promise<void> => {
    const all = [...letters];
    const byId = new Map(all.map((letter) => [letter.id, letter]));
    const one = async (id: string): Promise<void> => {
      await (act === 'retry' ? retryLetter(id) : deleteLetter(id));
      const letter = byId.get(id);
      if (act === 'retry' && letter !== undefined) rememberRetried(letter);
    };
    abort.current = new AbortController();
    const tell = (progress: BulkProgress): void => setRunning({ act, progress });
    tell({ total: all.length, done: 0, failed: 0 });
    const { signal } = abort.current;
    // What is retried keeps its order in the ingress.
    const end = await doToAll([...byId.keys()], one, tell, { signal, atOnce: act === 'retry' ? 1 : 4 });
    abort.current = undefined;
    tell(end);
    onDone();
    lettersChanged();
  };
  const ask = (act: Act): void => {
    if (!isWhole) onReadAll();
    setAsked(act);
  };

  const count = isWhole && letters.length > 1 ? ` ${countText(letters.length)}` : '';
  const what = plural(letters.length, 'dead letter');
  return (
    <div className="flex flex-col gap-2 border-t border-line px-4 py-2">
      {running !== undefined && (
        <Progress {...running} isBusy={isBusy} onCancel={() => abort.current?.abort()} />
      )}
      <div className="flex flex-wrap gap-2">
        <Button disabled={isBusy || letters.length === 0} onClick={() => ask('retry')}>
          Retry all{count}
        </Button>
        <Button kind="danger" disabled={isBusy || letters.length === 0} onClick={() => ask('delete')}>
          Delete all{count}
        </Button>
      </div>
      <ConfirmDialog
        title={asked === 'retry' ? `Retry ${what}?` : `Delete ${what}?`}
        verb={asked === 'retry' ? 'Retry them' : 'Delete them'}
        open={asked !== undefined && isWhole}
        onClose={() => setAsked(undefined)}
        onConfirm={() => asked !== undefined && void start(asked)}
      >
        {asked === 'retry'
          ? 'They go back into the ingress in this order. Those that are refused again come back as the last of the list. Those of a sink stay until the sink has delivered them.'
          : 'Their texts are then gone. Nothing is published.'}
      </ConfirmDialog>
    </div>
  );
}

function Progress({
  act,
  progress: { total, done, failed, firstError },
  isBusy,
  onCancel,
}: {
  readonly act: Act;
  readonly progress: BulkProgress;
  readonly isBusy: boolean;
  readonly onCancel: () => void;
}): ReactElement {
  const verb = act === 'retry' ? 'retried' : 'deleted';
  const left = total - done - failed;
  return (
    <div className="flex flex-col gap-1.5" aria-live="polite">
      <div className="flex items-center gap-2">
        <div
          role="progressbar"
          aria-label={`Dead letters that are ${verb}`}
          aria-valuemax={total}
          aria-valuenow={done + failed}
          className="h-2 min-w-0 flex-1 overflow-hidden rounded bg-raised"
        >
          <div
            className="h-full bg-accent"
            style={{ width: `${(100 * (done + failed)) / Math.max(1, total)}%` }}
          />
        </div>
        <span className="whitespace-nowrap tabular-nums">
          {done} of {total} {verb}
          {failed > 0 && `, ${failed} failed`}
          {!isBusy && left > 0 && `, ${left} left`}
        </span>
        {isBusy && (
          <Button kind="quiet" onClick={onCancel}>
            Stop
          </Button>
        )}
      </div>
      {firstError !== undefined && <ErrorNote error={firstError} />}
    </div>
  );
}
