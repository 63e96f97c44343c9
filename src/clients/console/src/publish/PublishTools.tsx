import type { ReactElement, ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { INPUT } from '../ui/Field.tsx';

export interface PublishToolsProps {
  readonly dialects: readonly string[];
  readonly dialect: string;
  readonly onDialect: (dialect: string) => void;
  readonly onNew: () => void;
  readonly children: ReactNode;
}

/** The format in which the events are written. */
export function PublishTools({
  dialects,
  dialect,
  onDialect,
  onNew,
  children,
}: PublishToolsProps): ReactElement {
  return (
    <>
      <label className="flex items-center gap-2 text-muted">
        <span className="hidden sm:inline">Format</span>
        <select
          aria-label="Format"
          className={`${INPUT} w-auto! text-text`}
          value={dialect}
          onChange={({ target }) => onDialect(target.value)}
        >
          {dialects.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Button kind="quiet" title="Put the template of this format into the editor" onClick={onNew}>
        Start anew
      </Button>
      {children}
    </>
  );
}
