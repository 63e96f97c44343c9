import { FlaskConical, RefreshCw, Send } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Mark } from '../editor/mark.ts';
import { Button } from '../ui/Button.tsx';
import { CopyAsButton } from '../ui/CopyAsButton.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { withNewKey, type Draft } from './draft.ts';

export interface PublishBarProps {
  readonly draft: Draft;
  readonly setDraft: (draft: Draft) => void;
  readonly isPending: boolean;
  readonly faults: readonly Mark[];
  readonly onFault: (fault: Mark) => void;
  readonly onPublish: () => void;
  readonly onDryRun: () => void;
}

/** Below the text: what is wrong with it, and what can be done with it. */
export function PublishBar(props: PublishBarProps): ReactElement {
  const { draft, setDraft, isPending, faults, onFault, onPublish, onDryRun } = props;
  const [first] = faults;
  return (
    <div className="flex flex-col gap-2 border-t border-line p-2">
      <div className="min-h-6" aria-live="polite">
        {first !== undefined && (
          <button
            type="button"
            className="line-clamp-2 w-full text-left break-words text-bad"
            title="Show the place"
            onClick={() => onFault(first)}
          >
            {first.message}
            {faults.length > 1 && ` And ${faults.length - 1} more.`}
          </button>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Button kind="main" disabled={isPending} onClick={onPublish}>
          <Send aria-hidden className="size-4" />
          Publish
        </Button>
        <Button
          disabled={isPending}
          title="Shows what would become of it, and publishes nothing (d)"
          onClick={onDryRun}
        >
          <FlaskConical aria-hidden className="size-4" />
          Dry run
        </Button>
        {first === undefined && <CopyAsButton text={draft.text} dialect={draft.dialect} />}
        <span className="ml-auto hidden text-muted sm:block">
          <Kbd>Ctrl Enter</Kbd>
        </span>
      </div>
      <div className="flex items-center gap-1 text-xs text-muted">
        <span
          className="min-w-0 truncate"
          title="The same text under the same key is published once within five minutes"
        >
          Idempotency key <span className="font-mono">{draft.key}</span>
        </span>
        <Button kind="quiet" className="h-6! px-2! text-xs" onClick={() => setDraft(withNewKey(draft))}>
          <RefreshCw aria-hidden className="size-3.5" />
          New key
        </Button>
      </div>
    </div>
  );
}
