import { bound } from './bound.ts';
import { ProtocolError } from './errors.ts';
import type { NewEvent } from './event.ts';
import { escapeValue, exactPattern } from './exact-pattern.ts';
import { partsMatch, partsOf, partsOverlap, type PatternPart, type PatternParts } from './pattern-parts.ts';

export { escapeValue, type PatternPart, type PatternParts };

const FORGOTTEN = 'all are forgotten, and read again when they are needed';
const MAX_KNOWN = bound('parsed patterns that a node shares', 1_000, 'entries', FORGOTTEN);
const MAX_KNOWN_LENGTH = bound(
  'a pattern that a node shares',
  200,
  'characters',
  'each subscription to the pattern has an object of its own',
);
/** What thousands of connections subscribe to is kept once. */
const known = new Map<string, Pattern>();
/** The lists of their types and actions, which patterns share that differ in their key alone. */
const lists = new Map<string, readonly string[]>();

/** Three values of ASCII without spaces, `*`, `,` and `\`, as most patterns have them. The last one may hold dots. */
const PLAIN = /^([!-)+\-/-[\]-~]+)\.([!-)+\-/-[\]-~]+)\.([!-)+\--[\]-~]+)$/;

/**
 * A pattern `type.action.key`, split at the first two dots, so that keys may hold dots. Each part is `*` or a comma
 * list of exact values; inside a value `\1` stands for a dot, `\2` for a comma, `\3` for a star, and spaces around it
 * are trimmed. A star inside a list is the value `*`, no wildcard.
 */
export class Pattern {
  /** The pattern as it was written; patterns with equal texts are the same. */
  readonly text: string;
  /** `undefined` in a pattern that matches nothing. */
  readonly parts: PatternParts | undefined;

  private constructor(text: string, parts: PatternParts | undefined) {
    this.text = text;
    this.parts = parts;
  }

  /** @throws ProtocolError `pattern_invalid` */
  static parse(text: string): Pattern {
    let pattern = known.get(text);
    if (pattern !== undefined) return pattern;
    if (text.length > MAX_KNOWN_LENGTH) return Pattern.#read(text);
    if (known.size >= MAX_KNOWN) {
      known.clear();
      lists.clear();
    }
    // A copy, since the text may be a part of a longer one that it would keep.
    pattern = Pattern.#readPlain(text) ?? Pattern.#read(JSON.parse(JSON.stringify(text)) as string);
    known.set(pattern.text, pattern);
    return pattern;
  }

  /** What {@link #read} makes of a copy of the text, with fewer objects; `undefined` where the text is not plain. */
  static #readPlain(text: string): Pattern | undefined {
    const [, type, action, key] = PLAIN.exec(text) ?? [];
    if (type === undefined || action === undefined || key === undefined) return undefined;
    const own = [type, action, key].join('.');
    const parts = [listOf(type), listOf(action), [own.slice(-key.length)]] as const;
    return new Pattern(own, parts);
  }

  static #read(text: string): Pattern {
    const parts = partsOf(text);
    if (typeof parts === 'string') throw invalid(text, parts);
    return new Pattern(text, parts);
  }

  /** A pattern that keeps its text and matches nothing, as DRP does with a pattern that it cannot parse. */
  static nothing(text: string): Pattern {
    return new Pattern(text, undefined);
  }

  /** A pattern of exact values, whatever characters they hold; `undefined` means any value. */
  static of(type?: string, action?: string, key?: string): Pattern {
    return new Pattern(exactPattern(type, action, key), [onePart(type), onePart(action), onePart(key)]);
  }

  matches(event: Pick<NewEvent, 'type' | 'action' | 'key'>): boolean {
    return this.parts !== undefined && partsMatch(this.parts, event);
  }

  /** Whether any event could match both. */
  overlaps(other: Pattern): boolean {
    return this.parts !== undefined && other.parts !== undefined && partsOverlap(this.parts, other.parts);
  }

  /** How many topics the comma lists expand to. */
  get size(): number {
    return this.parts === undefined
      ? 0
      : this.parts.reduce((size, values) => size * (values === '*' ? 1 : values.length), 1);
  }
}

/** The pattern that matches every event. */
export const EVERYTHING = Pattern.parse('*.*.*');

function listOf(value: string): readonly string[] {
  let list = lists.get(value);
  if (list !== undefined) return list;
  const own = Buffer.from(value).toString();
  lists.set(own, (list = [own]));
  return list;
}

function onePart(value: string | undefined): PatternPart {
  return value === undefined ? '*' : [value];
}

function invalid(text: string, why: string): ProtocolError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return new ProtocolError(
    'pattern_invalid',
    `The pattern "${shown}" is not usable: ${why}. Expected type.action.key, each part * or a comma list.`,
  );
}
