import { X } from 'lucide-react';
import { useEffect, type ReactElement } from 'react';
import { Button } from '../ui/Button.tsx';

const SHOWN_MS = 10_000;

export interface NoticeProps {
  /** What was done; empty if there is nothing to say. */
  readonly said: string;
  readonly onClose: () => void;
}

/** What was done, over the screen, so that nothing moves. */
export function Notice({ said, onClose }: NoticeProps): ReactElement {
  useEffect(() => {
    if (said === '') return undefined;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  });
  return (
    <div role="status" className="absolute inset-x-4 top-2 z-10 flex justify-end empty:hidden">
      {said !== '' && (
        <p className="flex items-center gap-1 rounded-md border border-line bg-good-tint py-1 pr-1 pl-3 break-words text-good shadow-lg">
          <span className="min-w-0">{said}</span>
          <Button kind="quiet" aria-label="Close this note" className="h-6! w-6 px-0!" onClick={onClose}>
            <X aria-hidden className="size-3.5" />
          </Button>
        </p>
      )}
    </div>
  );
}
