import { EyeOff, X } from 'lucide-react';
import type { ReactElement } from 'react';
import { visibleText } from '../ui/visible-text.ts';
import { sameFilter, writeFilter, type ValueFilter } from './value-filters.ts';
import { countText } from '../ui/numbers.ts';

export interface FilterChipsProps {
  readonly filters: readonly ValueFilter[];
  readonly onChange: (filters: readonly ValueFilter[]) => void;
  readonly hidden: readonly (readonly [type: string, count: number])[];
  readonly onShowHidden: (type: string) => void;
}

/** The conditions on values, each of which can be turned round or removed, and what is hidden without one. */
export function FilterChips({
  filters,
  onChange,
  hidden,
  onShowHidden,
}: FilterChipsProps): ReactElement | null {
  if (filters.length === 0 && hidden.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-1.5 text-xs" aria-label="Filters" role="group">
      {filters.map((filter) => {
        const { path, json, not } = filter;
        const name = visibleText(path.join('.'), 60);
        const others = filters.filter((other) => !sameFilter(other, filter));
        return (
          <span
            key={writeFilter(filter)}
            className={`inline-flex h-6 max-w-80 items-center rounded font-mono ${not ? 'bg-bad-tint text-bad' : 'bg-tint text-accent'}`}
          >
            <button
              type="button"
              className="h-6 min-w-0 truncate pl-2"
              title={`${name} is ${not ? 'not ' : ''}${visibleText(json, 300)}. Press to turn it round.`}
              onClick={() =>
                onChange(filters.map((each) => (each === filter ? { ...filter, not: !not } : each)))
              }
            >
              {name} {not ? '≠' : '='} {visibleText(json, 60)}
            </button>
            <button
              type="button"
              aria-label={`Remove the filter ${name}`}
              className="grid size-6 shrink-0 place-items-center"
              onClick={() => onChange(others)}
            >
              <X aria-hidden className="size-3" />
            </button>
          </span>
        );
      })}
      {hidden.length > 0 && (
        <span className="inline-flex h-6 items-center gap-1.5 text-muted">
          <EyeOff aria-hidden className="size-3.5" />
          Hidden:
          {hidden.map(([type, count]) => (
            <button
              key={type}
              type="button"
              className="underline decoration-dotted underline-offset-2 hover:text-text"
              title={`${countText(count)} events of the type ${type} came, which are hidden while no pattern names it. Press to show them.`}
              onClick={() => onShowHidden(type)}
            >
              {countText(count)} {type}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}
