import { Dialog } from '@base-ui/react/dialog';
import { Command } from 'cmdk';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import type { ScreenEntry } from '../screens.ts';
import { session } from '../session/session.ts';
import { Kbd } from '../ui/Kbd.tsx';
import { activeShortcuts } from './shortcuts.ts';
import { setTheme, type Theme } from './theme.ts';

export interface PaletteProps {
  readonly screens: readonly ScreenEntry[];
  readonly onClose: () => void;
}

const ITEM =
  'flex items-center gap-2.5 rounded-md px-3 py-2 data-[selected=true]:bg-tint data-[selected=true]:text-accent';
const GROUP =
  '[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted';

/** Everything that can be done, found by typing. */
export default function Palette({ screens, onClose }: PaletteProps): ReactElement {
  const [, navigate] = useLocation();
  const then = (run: () => void) => () => {
    onClose();
    run();
  };
  const own = activeShortcuts().filter(({ keys }) => !keys.startsWith('g ') && keys !== '?');
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <Dialog.Popup
          aria-label="Go to"
          className="fixed top-[10vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-panel shadow-xl"
        >
          <Command label="Go to">
            <Command.Input
              placeholder="Go to a screen, or do something"
              className="h-11 w-full border-b border-line bg-transparent px-4 outline-none placeholder:text-muted"
            />
            <Command.List className="max-h-[50vh] overflow-auto p-2">
              <Command.Empty className="p-4 text-center text-muted">Nothing has this name.</Command.Empty>
              <Command.Group heading="Screens" className={GROUP}>
                {screens.map(({ path, title, summary, icon: Icon, key }) => (
                  <Command.Item
                    key={path}
                    value={`${title} ${summary}`}
                    className={ITEM}
                    onSelect={then(() => navigate(path))}
                  >
                    <Icon aria-hidden className="size-4" />
                    <span className="flex-1">
                      {title} <span className="text-muted">· {summary}</span>
                    </span>
                    <Kbd>{`g ${key}`}</Kbd>
                  </Command.Item>
                ))}
              </Command.Group>
              {own.length > 0 && (
                <Command.Group heading="On this screen" className={GROUP}>
                  {own.map(({ keys, label, run }) => (
                    <Command.Item key={keys} value={label} className={ITEM} onSelect={then(run)}>
                      <span className="flex-1">{label}</span>
                      <Kbd>{keys === ' ' ? 'Space' : keys}</Kbd>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading="The console" className={GROUP}>
                {(['system', 'light', 'dark'] satisfies Theme[]).map((theme) => (
                  <Command.Item
                    key={theme}
                    value={`Theme ${theme}`}
                    className={ITEM}
                    onSelect={then(() => setTheme(theme))}
                  >
                    Theme: {theme}
                  </Command.Item>
                ))}
                <Command.Item className={ITEM} onSelect={then(() => session.signOut())}>
                  Sign out
                </Command.Item>
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
