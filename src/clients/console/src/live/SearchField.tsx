import { Search } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, type ReactElement, type Ref } from 'react';
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
  const sent = useRef(text);
  // What comes back is no news, and somebody may have typed on.
  useEffect(() => {
    if (text !== sent.current) setTyped(text);
    sent.current = text;
  }, [text]);
  const send = useCallback(
    (next: string) => {
      sent.current = next;
      onChange(next);
    },
    [onChange],
  );
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => send(typed), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed, text, send]);
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
          if (event.key === 'Enter') send(typed);
          if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </div>
  );
}
