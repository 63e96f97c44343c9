import type { ReactElement } from 'react';
import { countText, plural } from '../ui/numbers.ts';
import type { Count, Counts } from './counts.ts';
import { hasTerm, toggleTerm, writeTerm, type FilterField } from './filter.ts';

export interface CountBarProps {
  /** Absent until they are known. The bar keeps its height. */
  readonly counts: Counts | undefined;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

/** How many there are by dialect and node. A click shows only those. */
export function CountBar({ counts, filter, onFilter }: CountBarProps): ReactElement {
  if (counts === undefined) return <div className="h-10 shrink-0 border-b border-line" />;
  const { total, principals, dialects, nodes } = counts;
  return (
    <div className="flex h-10 shrink-0 items-center gap-4 overflow-x-auto border-b border-line px-4 whitespace-nowrap">
      <p className="tabular-nums" role="status">
        <strong className="font-semibold">{plural(total, 'connection')}</strong>
        <span className="text-muted"> of {plural(principals, 'principal')}</span>
      </p>
      <Group name="dialect" title="By dialect" counts={dialects} filter={filter} onFilter={onFilter} />
      <Group name="node" title="By node" counts={nodes} filter={filter} onFilter={onFilter} />
    </div>
  );
}

function Group({
  name,
  title,
  counts,
  filter,
  onFilter,
}: {
  readonly name: FilterField;
  readonly title: string;
  readonly counts: readonly Count[];
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}): ReactElement {
  return (
    <div role="group" aria-label={title} className="flex items-center gap-1">
      <span aria-hidden className="mr-1 text-xs text-muted">
        {title}
      </span>
      {counts.map(({ value, count }) => {
        const word = writeTerm(name, value);
        return (
          <button
            key={value}
            type="button"
            aria-pressed={hasTerm(filter, word)}
            title={word}
            className="flex max-w-48 items-center gap-1.5 rounded-md border border-line px-2 py-0.5 text-xs hover:bg-raised aria-pressed:border-accent aria-pressed:bg-tint aria-pressed:text-accent"
            onClick={() => onFilter(toggleTerm(filter, word))}
          >
            <bdi className="truncate">{value}</bdi>
            <span className="tabular-nums opacity-80">{countText(count)}</span>
          </button>
        );
      })}
    </div>
  );
}
