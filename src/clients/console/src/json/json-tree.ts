import { isPlain, scanValue, skipSpace, unexpected } from '../../../../model/json-scan.ts';
import { next, skipString, skipValue, unquoted } from '../../../../model/json-walk.ts';

export type JsonKind = 'object' | 'list' | 'string' | 'number' | 'boolean' | 'null';

/** A field of an object, with the places of its name and its value. */
export interface JsonMember {
  readonly name: string;
  readonly from: number;
  readonly value: JsonNode;
}

const KINDS: Readonly<Record<string, JsonKind>> = {
  '{': 'object',
  '[': 'list',
  '"': 'string',
  t: 'boolean',
  f: 'boolean',
  n: 'null',
};

/** A value in a text of JSON that was validated: where it stands, and what it is. What is within it is read when it is asked for. */
export class JsonNode {
  readonly whole: string;
  readonly from: number;
  readonly to: number;
  #members: readonly JsonMember[] | undefined;
  #items: readonly JsonNode[] | undefined;

  constructor(whole: string, from: number, to: number) {
    this.whole = whole;
    this.from = from;
    this.to = to;
  }

  get kind(): JsonKind {
    return KINDS[this.whole.charAt(this.from)] ?? 'number';
  }

  /** The value as it is written, digit by digit. */
  get text(): string {
    return this.whole.slice(this.from, this.to);
  }

  /** What a string says; `undefined` if the value is no string. */
  get string(): string | undefined {
    return this.kind === 'string' ? unquoted(this.whole, this.from, this.to) : undefined;
  }

  /** The fields of an object in their order; a name may stand twice. Empty if the value is no object. */
  get members(): readonly JsonMember[] {
    return (this.#members ??= this.kind === 'object' ? this.#inner() : []);
  }

  /** The items of a list. Empty if the value is no list. */
  get items(): readonly JsonNode[] {
    return (this.#items ??= this.kind === 'list' ? this.#inner().map(({ value }) => value) : []);
  }

  /** The value of a field, of the last one with this name, as the hub reads it. */
  get(name: string, ignoreCase = false): JsonNode | undefined {
    return this.member(name, ignoreCase)?.value;
  }

  member(name: string, ignoreCase = false): JsonMember | undefined {
    return this.members.findLast((member) => isNamed(member.name, name, ignoreCase));
  }

  /**
   * Calls back with each field of an object, or each item of a list, whose name is its index. Returning `false` ends this. So a part
   * of a large value can be read without the rest.
   */
  visit(take: (member: JsonMember) => boolean | void): void {
    const { whole, kind } = this;
    if (kind !== 'object' && kind !== 'list') return;
    const close = kind === 'list' ? ']' : '}';
    let index = 0;
    for (let from = next(whole, this.from + 1, ','); whole[from] !== close;) {
      const nameEnd = kind === 'list' ? from : skipString(whole, from);
      const name = kind === 'list' ? `${index++}` : unquoted(whole, from, nameEnd);
      const valueFrom = kind === 'list' ? from : next(whole, nameEnd, ':');
      const to = skipValue(whole, valueFrom);
      if (take({ name, from, value: new JsonNode(whole, valueFrom, to) }) === false) return;
      from = next(whole, to, ',');
    }
  }

  #inner(): JsonMember[] {
    const inner: JsonMember[] = [];
    this.visit((member) => void inner.push(member));
    return inner;
  }
}

export function isNamed(written: string, name: string, ignoreCase: boolean): boolean {
  return written === name || (ignoreCase && written.toLowerCase() === name.toLowerCase());
}

/** The value that a text of JSON is. @throws ProtocolError `json_invalid`, in the words of the hub, which reads with the same code */
export function parseJson(text: string): JsonNode {
  const from = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  const to = scanValue(text, from, isPlain(text));
  const rest = skipSpace(text, to);
  if (rest < text.length) throw unexpected(text, rest, 'the end');
  return new JsonNode(text, from, to);
}

/** The same, or `undefined` where the text is no JSON that the hub takes. */
export function jsonIn(text: string): JsonNode | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Whether a text is one value of JSON. */
export function isJson(text: string): boolean {
  return jsonIn(text) !== undefined;
}

/** The value that a text of JSON is which the hub has sent, and so has validated. */
export function validJson(text: string): JsonNode {
  const from = next(text, 0, ' ');
  return new JsonNode(text, from, skipValue(text, from));
}

/** The fields of an event that the hub has sent, by name. */
export function eventFields(text: string): ReadonlyMap<string, JsonNode> {
  const fields = new Map<string, JsonNode>();
  validJson(text).visit(({ name, value }) => void fields.set(name, value));
  return fields;
}
