import { useState, type ReactElement } from 'react';
import { kindOf, sourceOf, type RawValue } from '../json/raw-json.ts';
import { bytesText } from '../ui/numbers.ts';
import { visibleText } from '../ui/visible-text.ts';

const SHOWN_MAX = 300;
const TONES = { string: 'text-good', number: 'text-accent', boolean: 'text-warn', null: 'text-muted', object: '', list: '' } as const; // prettier-ignore

/** A text, a number, true, false or null, as it is written. A long one is cut until somebody wants all of it. */
export function JsonScalar({
  value,
  onPress,
}: {
  readonly value: RawValue;
  readonly onPress: (anchor: HTMLElement) => void;
}): ReactElement {
  const [isWhole, setWhole] = useState(false);
  const length = value.end - value.start;
  const isCut = length > SHOWN_MAX && !isWhole;
  const source = isCut ? value.text.slice(value.start, value.start + SHOWN_MAX) : sourceOf(value);
  return (
    <span className="min-w-0">
      <button
        type="button"
        title="Filter by this value, or copy it"
        className={`text-left break-all hover:underline ${TONES[kindOf(value)]}`}
        onClick={({ currentTarget }) => onPress(currentTarget)}
      >
        {visibleText(source)}
        {isCut && '…'}
      </button>
      {length > SHOWN_MAX && (
        <button type="button" className="ml-2 text-accent underline" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show less' : `Show all ${bytesText(length)}`}
        </button>
      )}
    </span>
  );
}
