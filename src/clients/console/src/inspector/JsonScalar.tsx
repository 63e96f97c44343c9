import { useState, type ReactElement } from 'react';
import type { JsonNode } from '../json/json-tree.ts';
import { bytesText } from '../ui/numbers.ts';
import { utf8Length } from '../ui/utf8.ts';
import { visibleText } from '../ui/visible-text.ts';

const SHOWN_MAX = 300;
const TONES = { string: 'text-good', number: 'text-accent', boolean: 'text-warn', null: 'text-muted', object: '', list: '' } as const; // prettier-ignore

/** A text, a number, true, false or null, as it is written. A long one is cut until somebody wants all of it. */
export function JsonScalar({
  value,
  onPress,
}: {
  readonly value: JsonNode;
  readonly onPress: (anchor: HTMLElement) => void;
}): ReactElement {
  const [isWhole, setWhole] = useState(false);
  const length = value.to - value.from;
  const isCut = length > SHOWN_MAX && !isWhole;
  const source = isCut ? value.whole.slice(value.from, value.from + SHOWN_MAX) : value.text;
  return (
    <span className="min-w-0">
      <button
        type="button"
        title="Filter by this value, or copy it"
        className={`text-left break-all hover:underline ${TONES[value.kind]}`}
        onClick={({ currentTarget }) => onPress(currentTarget)}
      >
        {visibleText(source)}
        {isCut && '…'}
      </button>
      {length > SHOWN_MAX && (
        <button type="button" className="ml-2 text-accent underline" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show less' : `Show all ${bytesText(utf8Length(value.text))}`}
        </button>
      )}
    </span>
  );
}
