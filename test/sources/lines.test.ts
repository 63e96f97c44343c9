import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineJoiner, MAX_LINE_BYTES, type Line } from '../../src/sources/lines.ts';

/** The lines of bytes that come in chunks of this length. */
function linesOf(bytes: Buffer, length: number, maxBytes?: number): Line[] {
  const joiner = new LineJoiner(maxBytes);
  const lines: Line[] = [];
  for (let from = 0; from < bytes.length; from += length)
    lines.push(...joiner.push(bytes.subarray(from, from + length)));
  const last = joiner.end();
  return last === undefined ? lines : [...lines, last];
}

const textsOf = (lines: readonly Line[]): string[] => lines.map(({ text }) => text);

describe('the lines of a text that comes in chunks', () => {
  it('are the same wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''))),
        fc.integer({ min: 1, max: 20 }),
        (texts, length) => {
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          expect(textsOf(linesOf(bytes, length))).toEqual(texts);
        },
      ),
    );
  });

  it('keep escape sequences, lose the carriage return before a line feed, and may be empty', () => {
    const text = '\u001b[31mred\u001b[0m\r\n\r\n50 %\r100 %\r\n';
    expect(textsOf(linesOf(Buffer.from(text), 3))).toEqual(['\u001b[31mred\u001b[0m', '', '50 %\r100 %']);
  });

  it('end with the text, even where no line feed ends them', () => {
    expect(textsOf(linesOf(Buffer.from('a\nb'), 1))).toEqual(['a', 'b']);
    expect(linesOf(Buffer.from(''), 1)).toEqual([]);
  });

  it('join the parts of 16 KB in which Docker gives a long line', () => {
    const line = 'ä'.repeat(50_000);
    expect(textsOf(linesOf(Buffer.from(`${line}\nnext\n`), 16_384))).toEqual([line, 'next']);
  });

  it('have a replacement for bytes that are not UTF-8', () => {
    const bytes = Buffer.from([0x61, 0xff, 0x62, 0xc3, 0x0a, 0x63, 0x0a]);
    expect(textsOf(linesOf(bytes, 1))).toEqual(['a\ufffdb\ufffd', 'c']);
  });
});

describe('a line that is too long', () => {
  it('is cut between two characters, and says how many bytes were left out', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
          .map((text) => text.replaceAll(/[\r\n]/g, 'x')),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (text, maxBytes, length) => {
          const whole = Buffer.from(text);
          const [line, next] = linesOf(Buffer.from(`${text}\nnext\n`), length, maxBytes);
          const { text: kept = '', cutBytes = 0 } = line ?? {};
          expect(text.startsWith(kept)).toBe(true);
          expect(Buffer.byteLength(kept) + cutBytes).toBe(whole.length);
          expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(maxBytes);
          // Only the bytes of one character may be missing from what fits.
          expect(cutBytes === 0 || Buffer.byteLength(kept) > maxBytes - 4).toBe(true);
          expect(next?.text).toBe('next'.slice(0, maxBytes));
        },
      ),
    );
  });

  it('takes no more memory than the longest line', () => {
    const joiner = new LineJoiner();
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < 20; i++) expect(joiner.push(chunk)).toEqual([]);
    const [line] = joiner.push(Buffer.from('\n'));
    expect(line?.text.length).toBe(MAX_LINE_BYTES);
    expect(line?.cutBytes).toBe(20 * chunk.length - MAX_LINE_BYTES);
  });
});
