import { FlaskConical, Pencil, RotateCcw, Send, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';
import type { LetterActions } from './use-letter.ts';

export interface LetterBarProps {
  readonly actions: LetterActions;
  /** The text as it was edited; `undefined` while it is only read. */
  readonly edited: string | undefined;
  readonly isChanged: boolean;
  /** Whether a sink could not deliver it, and the ingress has nothing to do with it. */
  readonly isOfSink: boolean;
  readonly mayEdit: boolean;
  readonly onEdit: () => void;
  readonly onSend: () => void;
  readonly onGiveUp: () => void;
  readonly onDelete: () => void;
}

/** What can be done with a dead letter. */
export function LetterBar(props: LetterBarProps): ReactElement {
  const { actions, edited, isChanged, isOfSink, mayEdit, onEdit, onSend, onGiveUp, onDelete } = props;
  const { isPending } = actions;
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line p-2">
      {edited === undefined ? (
        <>
          <Button
            disabled={isPending}
            title={
              isOfSink
                ? 'Asks the sink to deliver it again, once its receiver is mended (r)'
                : 'Puts the same text back into the ingress, once the reason is gone (r)'
            }
            onClick={actions.retry}
          >
            <RotateCcw aria-hidden className="size-4" />
            Retry
          </Button>
          <Button
            disabled={isPending || !mayEdit}
            title={
              mayEdit
                ? 'Mend the text and publish it (e)'
                : 'You may publish nothing, or there is no text, or it was published before'
            }
            onClick={onEdit}
          >
            <Pencil aria-hidden className="size-4" />
            Edit and retry
          </Button>
        </>
      ) : (
        <>
          <Button
            kind="main"
            disabled={isPending || !isChanged}
            title="Publishes the text, and deletes the dead letter (Ctrl Enter)"
            onClick={onSend}
          >
            <Send aria-hidden className="size-4" />
            Publish instead
          </Button>
          <Button disabled={isPending} onClick={() => actions.dryRun(edited)}>
            <FlaskConical aria-hidden className="size-4" />
            Dry run
          </Button>
          <Button kind="quiet" disabled={isPending} onClick={onGiveUp}>
            Give up the changes
          </Button>
        </>
      )}
      <Button kind="danger" className="ml-auto" disabled={isPending} title="Delete (Del)" onClick={onDelete}>
        <Trash2 aria-hidden className="size-4" />
        Delete
      </Button>
    </div>
  );
}
