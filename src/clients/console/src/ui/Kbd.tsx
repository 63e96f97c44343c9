import type { ReactElement } from 'react';

/** A key of the keyboard. */
export function Kbd({ children }: { readonly children: string }): ReactElement {
  return (
    <kbd className="rounded border border-line bg-raised px-1 font-mono text-xs text-muted">{children}</kbd>
  );
}
