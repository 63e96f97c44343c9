import type { ReactElement, ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';

export interface ConfirmDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly verb: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
  readonly children: ReactNode;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({
  title,
  verb,
  open,
  onClose,
  onConfirm,
  children,
}: ConfirmDialogProps): ReactElement {
  return (
    <Dialog title={title} open={open} onClose={onClose} className="max-w-md">
      <p>{children}</p>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          kind="danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}
