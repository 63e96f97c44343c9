import { Search } from 'lucide-react';
import { useEffect, useState, type ReactElement, type Ref } from 'react';
import { INPUT } from '../ui/Field.tsx';
import { TEXT_MAX } from './live-query.ts';

const SETTLED_MS = 300;

/** The text that shown events have somewhere in their JSON. It counts once somebody stops typing. */
export function SearchField({
  text,
  onChange,
  field,
}: {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly field: Ref<HTMLInputElement>;
}): ReactElement {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onChange(typed), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return (
    <div className="relative w-44 max-w-full">
      <Search aria-hidden className="absolute top-2 left-2 size-4 text-muted" />
      <input
        ref={field}
        type="search"
        aria-label="Search the text of events"
        placeholder="Search  /"
        maxLength={TEXT_MAX}
        spellCheck={false}
        className={`${INPUT} pl-7.5!`}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onChange(typed);
          if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </div>
  );
}
