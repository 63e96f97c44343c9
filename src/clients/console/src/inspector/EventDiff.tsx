import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { JsonNode } from '../json/json-tree.ts';
import type { EventRow } from '../live/rows.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { Time } from '../ui/Time.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { factsOf, type EventFacts } from './event-facts.ts';
import { diffJson, type Change } from './json-diff.ts';
import { readBefore } from './neighbours.ts';

const CHANGES_MAX = 500;
const VALUE_MAX = 300;

type Base = 'before' | 'original';

/** What changed since the event before of the same key, or since the `original` that the publisher has given. */
export function EventDiff({
  facts,
  heldBefore,
}: {
  readonly facts: EventFacts;
  /** The event before of the same key among those that the page holds. It is used where the history has none. */
  readonly heldBefore: EventRow | undefined;
}): ReactElement {
  const { id, type, key, object, original } = facts;
  const hasOriginal = original !== undefined && original.text !== 'null';
  const [chosen, setChosen] = useState<Base>('before');
  const base = hasOriginal ? chosen : 'before';
  const { data, error, isLoading, refetch } = useQuery({
    queryKey: ['event-before', type, key, id],
    queryFn: ({ signal }) => readBefore(type, key, id ?? '', signal),
    enabled: base === 'before' && id !== undefined,
    staleTime: Infinity,
  });
  const before = data?.row ?? (error !== null || id === undefined ? heldBefore : undefined);
  const beforeFacts = before && factsOf(before.text);
  const from = base === 'original' ? original : beforeFacts?.object;

  return (
    <div className="flex flex-col gap-3 p-3 text-xs">
      {hasOriginal && (
        <div className="flex gap-3" role="group" aria-label="Compare with">
          {(['before', 'original'] as const).map((each) => (
            <label key={each} className="flex items-center gap-1.5">
              <input type="radio" name="base" checked={base === each} onChange={() => setChosen(each)} />
              {each === 'before' ? 'The event before of this key' : 'The original that the event has'}
            </label>
          ))}
        </div>
      )}
      {base === 'before' && isLoading && <p className="text-muted">Looking for the event before …</p>}
      {base === 'before' && error !== null && <ErrorNote error={error} retry={() => void refetch()} />}
      {base === 'before' && beforeFacts !== undefined && (
        <p className="text-muted">
          Before: {visibleText(beforeFacts.action, 60)} at <Time at={beforeFacts.time} />
        </p>
      )}
      {base === 'before' && before === undefined && !isLoading && error === null && (
        <p className="text-muted">
          {data?.searchedTo === undefined
            ? 'The log has no event before of this type and key.'
            : 'Among the latest 100,000 events before there is none of this type and key.'}
        </p>
      )}
      {from !== undefined && <Changes changes={diffJson(from, object, CHANGES_MAX)} />}
    </div>
  );
}

function Changes({ changes }: { readonly changes: readonly Change[] }): ReactElement {
  if (changes.length === 0) return <p>Nothing changed in the object.</p>;
  return (
    <>
      <p className="text-muted">
        {changes.length === CHANGES_MAX ? `The first ${CHANGES_MAX} changes` : `${changes.length} changed`}
      </p>
      <ul className="flex flex-col gap-2 font-mono">
        {changes.map(({ path, before, after }) => (
          <li key={JSON.stringify(path)} className="overflow-hidden rounded border border-line">
            <p className="bg-raised px-2 py-1 break-all">{visibleText(path.join('.'), 200) || 'object'}</p>
            <Side sign="−" value={before} tone="bg-bad-tint text-bad" label="before" />
            <Side sign="+" value={after} tone="bg-good-tint text-good" label="after" />
          </li>
        ))}
      </ul>
    </>
  );
}

function Side({
  sign,
  value,
  tone,
  label,
}: {
  readonly sign: string;
  readonly value: JsonNode | undefined;
  readonly tone: string;
  readonly label: string;
}): ReactElement | null {
  if (value === undefined) return null;
  const source = value.whole.slice(value.from, Math.min(value.to, value.from + VALUE_MAX + 1));
  return (
    <p className={`flex gap-2 px-2 py-1 ${tone}`}>
      <span aria-label={label}>{sign}</span>
      <span className="min-w-0 break-all">{visibleText(source, VALUE_MAX)}</span>
    </p>
  );
}
