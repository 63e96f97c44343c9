import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Button } from './Button.tsx';

export interface DialogProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The classes of the box, for another width. */
  readonly className?: string;
}

/** A box over the page. Escape closes it, and the focus returns to where it was. */
export function Dialog({
  title,
  open,
  onClose,
  children,
  className = 'max-w-lg',
}: DialogProps): ReactElement {
  return (
    <Base.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <Base.Popup
          className={`fixed top-[10vh] left-1/2 z-50 flex max-h-[80vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col rounded-lg border border-line bg-panel shadow-xl ${className}`}
        >
          <div className="flex items-center justify-between gap-2 border-b border-line py-2 pr-2 pl-4">
            <Base.Title className="font-semibold">{title}</Base.Title>
            <Base.Close render={<Button kind="quiet" aria-label="Close" className="w-8 px-0!" />}>
              <X aria-hidden className="size-4" />
            </Base.Close>
          </div>
          <div className="min-h-0 overflow-auto p-4" tabIndex={0}>
            {children}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
