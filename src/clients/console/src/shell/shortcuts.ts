import { useEffect, useRef } from 'react';

/** A key, as in `KeyboardEvent.key`, or `g` and a second one: `g l`. */
export interface Shortcut {
  readonly keys: string;
  /** What it does, for the list of all keys: "Pause". */
  readonly label: string;
  readonly run: () => void;
}

/** How long the second key after `g` may take. */
const SECOND_MS = 1_500;

const active = new Set<{ readonly current: readonly Shortcut[] }>();
let prefixAt = -Infinity;

/** The shortcuts that work now, those of the screen first. */
export function activeShortcuts(): readonly Shortcut[] {
  return [...active].toReversed().flatMap(({ current }) => current);
}

/** These keys work while the component is there, except while somebody types, or a dialog is open. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    active.add(latest);
    return () => void active.delete(latest);
  }, []);
}

/** Listens for the keys of all components. */
export function startShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return;
    const afterPrefix = event.timeStamp - prefixAt < SECOND_MS;
    prefixAt = -Infinity;
    const keys = afterPrefix ? `g ${event.key}` : event.key;
    if (keys === 'g') {
      prefixAt = event.timeStamp;
      return;
    }
    const found = activeShortcuts().find((shortcut) => shortcut.keys === keys);
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  });
}

/** Whether the key belongs to something else: a field, a button that is pressed by Space or Enter, a menu, or a dialog. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target.closest('input, textarea, select, [role="dialog"], [role="menu"], .cm-editor') !== null
  )
    return true;
  return (key === ' ' || key === 'Enter') && target.closest('button, a, summary, [role="button"]') !== null;
}
