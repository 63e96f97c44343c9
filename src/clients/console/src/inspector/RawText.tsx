import { useState, type ReactElement } from 'react';
import { bytesText } from '../ui/numbers.ts';
import { utf8Length } from '../ui/utf8.ts';
import { visibleText } from '../ui/visible-text.ts';

/** A browser lays out short pieces quickly, and those that nobody sees not at all. */
const PIECE = 8_000;

/** The JSON as it came, to the last space. */
export function RawText({ text }: { readonly text: string }): ReactElement {
  const [isWhole, setWhole] = useState(text.length <= PIECE);
  const pieces = Array.from({ length: isWhole ? Math.ceil(text.length / PIECE) : 1 }, (_none, i) =>
    text.slice(i * PIECE, (i + 1) * PIECE),
  );
  return (
    <div className="p-3 font-mono text-xs">
      {pieces.map((piece, index) => (
        // The pieces of one text do not change their order.
        <span
          key={index}
          className="block [contain-intrinsic-size:auto_40rem] break-all whitespace-pre-wrap [content-visibility:auto]"
        >
          {visibleText(piece)}
        </span>
      ))}
      {!isWhole && (
        <button type="button" className="mt-2 block text-accent underline" onClick={() => setWhole(true)}>
          Show all {bytesText(utf8Length(text))}
        </button>
      )}
    </div>
  );
}
