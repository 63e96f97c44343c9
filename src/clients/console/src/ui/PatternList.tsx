import type { ReactElement } from 'react';
import { CopyButton } from './CopyButton.tsx';
import { visibleText } from './visible-text.ts';

/** Patterns, each with a button that copies it. */
export function PatternList({ patterns }: { readonly patterns: readonly string[] }): ReactElement {
  return (
    <ul className="flex flex-col gap-1">
      {patterns.map((pattern) => (
        <li key={pattern} className="flex items-center gap-1 rounded bg-raised pl-2">
          <code className="min-w-0 flex-1 break-all">{visibleText(pattern)}</code>
          <CopyButton text={pattern} label="Copy the pattern" />
        </li>
      ))}
    </ul>
  );
}
