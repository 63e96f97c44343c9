import type { ReactElement } from 'react';
import { Dialog } from '../ui/Dialog.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { activeShortcuts } from './shortcuts.ts';

/** All keys that work on this screen. */
export default function KeysDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  return (
    <Dialog title="Keys" open onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2">
        {[{ keys: 'Ctrl K', label: 'Go to a screen, or do something' }, ...activeShortcuts()].map(
          ({ keys, label }) => (
            <div key={keys} className="contents">
              <dt className="text-right">
                <Kbd>{keys === ' ' ? 'Space' : keys}</Kbd>
              </dt>
              <dd>{label}</dd>
            </div>
          ),
        )}
      </dl>
    </Dialog>
  );
}
