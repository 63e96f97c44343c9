import { useEffect, useRef, useState, type ReactElement } from 'react';
import { jsonFault } from '../json/json-fault.ts';

export interface RawInputProps {
  readonly id: string;
  /** The JSON of the field; `undefined` while it is absent. */
  readonly json: string | undefined;
  /** Tells the JSON of the field, or `undefined` to leave it out. */
  readonly onChange: (json: string | undefined) => void;
  readonly isInvalid: boolean;
  readonly describedBy: string | undefined;
  readonly isOneLine: boolean;
}

/** What is too long to be typed here is edited in the text beside the form. */
const EDITED_CHARACTERS = 20_000;

/** A value as JSON, digit by digit. While what is typed is no JSON yet, the event keeps the value before. */
export function RawInput({
  id,
  json = '',
  onChange,
  isInvalid,
  describedBy,
  isOneLine,
}: RawInputProps): ReactElement {
  const [typed, setTyped] = useState<string>();
  /** The JSON that came from here last. Any other comes from the text, and replaces what is typed. */
  const told = useRef(json);
  useEffect(() => {
    if (json !== told.current) setTyped(undefined);
    told.current = json;
  }, [json]);

  if (json.length > EDITED_CHARACTERS)
    return (
      <p id={id} className="text-muted">
        It has {json.length.toLocaleString()} characters. Edit it in the text.
      </p>
    );
  const shown = typed ?? json;
  const fault = typed === undefined || typed.trim() === '' ? undefined : jsonFault(typed);
  return (
    <>
      <textarea
        id={id}
        rows={isOneLine ? 1 : Math.min(8, Math.max(2, shown.split('\n').length))}
        spellCheck={false}
        aria-invalid={isInvalid || fault !== undefined}
        aria-describedby={describedBy}
        placeholder="absent"
        className="w-full min-w-0 resize-y rounded-md border border-line bg-panel px-2.5 py-1.5 font-mono text-[13px] placeholder:text-muted aria-invalid:border-bad"
        value={shown}
        onChange={({ target }) => {
          const text = target.value;
          setTyped(text);
          const next = text.trim() === '' ? undefined : text.trim();
          if (next !== undefined && jsonFault(next) !== undefined) return;
          told.current = next ?? '';
          onChange(next);
        }}
        onBlur={() => fault === undefined && setTyped(undefined)}
      />
      {fault !== undefined && (
        <p className="text-xs text-bad" role="status">
          The event keeps the value before until this is JSON. {fault.message}
        </p>
      )}
    </>
  );
}
