import type { NewEvent } from './event.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** Stands where something was that is not for everybody. */
export const REDACTED = '[redacted]';

/** What an event holds of a publisher's own, and so where a path begins. */
const ROOTS = ['object', 'original', 'metadata'] as const;
type Root = (typeof ROOTS)[number];

/** Where the spellings write what becomes these, in whatever case. */
const SPELLED: ReadonlyMap<string, Root> = new Map([
  ['object', 'object'],
  ['payload', 'object'],
  ['data', 'object'],
  ['original', 'original'],
  ['metadata', 'metadata'],
]);

/** What else the spellings write there: it says what the event is, and no name masks it. */
const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'time',
  'type',
  'action',
  'key',
  'principal',
  'appid',
  'event_type',
  'timestamp',
]);

/** A folded name, split at its stars: one part is a name to the letter. */
export type Glob = readonly string[];

export interface Path {
  readonly root: Root;
  /** At least one. A list on the way stands for each of its items. */
  readonly steps: readonly Glob[];
}

export interface Fields {
  /** At any depth, lists included. */
  readonly names: readonly Glob[];
  readonly paths: readonly Path[];
}

/** What is known of a name as it is written in events. */
interface Known {
  readonly folded: string;
  readonly masked: boolean;
}

const NONE: readonly (readonly Glob[])[] = [];

/** Names come from a few programs, over and over. Who makes up new ones all the time gets no memory from us. */
const MAX_KNOWN = 10_000;
const MAX_KNOWN_LENGTH = 100;

/** A field as a rule states it: with a dot a path, else a name. `undefined` when it is neither. */
export function parseField(text: string): Glob | Path | undefined {
  const [first = '', ...rest] = text.split('.');
  if (rest.length === 0) return parseName(first);
  const root = ROOTS.find((name) => name === first);
  const steps = rest.flatMap((name) => {
    const glob = parseName(name);
    return glob === undefined ? [] : [glob];
  });
  return root === undefined || steps.length < rest.length ? undefined : { root, steps };
}

function parseName(text: string): Glob | undefined {
  const folded = fold(text.trim());
  return folded === '' || /\p{Cc}/u.test(folded) ? undefined : folded.split('*');
}

export function isPath(field: Glob | Path): field is Path {
  return 'root' in field;
}

/** `sshKey`, `ssh_key` and `SSH-Key` are one name. Letters beyond ASCII are what they are, here as in redact.lua. */
export function fold(name: string): string {
  return name.replaceAll(/[-_]/g, '').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether a folded name is meant. Costs no more than a look at it, whatever stars there are. */
export function holds(glob: Glob, name: string): boolean {
  const [first = '', ...rest] = glob;
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= name.length;
}

/**
 * Puts {@link REDACTED} in the place of fields. Under a name whatever tells something: `true`, `false` and `null` stay,
 * as `hasToken` or an empty field is no secret. At the end of a path whatever there is.
 */
export class Mask {
  readonly #names: readonly Glob[];
  readonly #paths: Readonly<Record<Root, readonly (readonly Glob[])[]>>;
  readonly #known = new Map<string, Known>();

  constructor({ names, paths }: Fields) {
    this.#names = names;
    const from = (root: Root): (readonly Glob[])[] =>
      paths.filter((path) => path.root === root).map(({ steps }) => steps);
    this.#paths = { object: from('object'), original: from('original'), metadata: from('metadata') };
  }

  /** The event itself when there is nothing to mask in it; else another, which shares with it what is the same. */
  apply<Event extends NewEvent>(event: Event): Event {
    let masked: Partial<Record<Root, Json>> | undefined;
    for (const root of ROOTS) {
      const value = event[root];
      if (typeof value !== 'object' || value === null) continue;
      const seen = this.#inside(value, this.#paths[root]);
      if (seen !== value) (masked ??= {})[root] = seen;
    }
    return masked === undefined ? event : { ...event, ...masked };
  }

  /** What may be an event in any spelling, or is none. As redact.lua has it. */
  anywhere(json: Json): Json {
    if (!isJsonObject(json)) return this.#inside(json, NONE);
    const masked = Object.entries(json).map(([name, value]): [string, Json] => {
      const root = SPELLED.get(name.toLowerCase());
      if (root !== undefined) return [name, this.#inside(value, this.#paths[root])];
      const isEnvelope = ENVELOPE.has(name.toLowerCase());
      return [name, isEnvelope ? this.#inside(value, NONE) : this.#field(name, value, NONE)];
    });
    return masked.every(([name, value]) => value === json[name]) ? json : Object.fromEntries(masked);
  }

  /** `paths` are what is left of those that lead through here. */
  #inside(value: Json, paths: readonly (readonly Glob[])[]): Json {
    if (typeof value !== 'object' || value === null) return value;
    if (isJsonObject(value)) return this.#object(value, paths);
    let masked: Json[] | undefined;
    for (const [index, item] of value.entries()) {
      const seen = this.#inside(item, paths);
      if (seen !== item) (masked ??= [...value])[index] = seen;
    }
    return masked ?? value;
  }

  #object(object: JsonObject, paths: readonly (readonly Glob[])[]): JsonObject {
    let masked: Record<string, Json> | undefined;
    for (const name in object) {
      const value = object[name] as Json;
      const seen = this.#field(name, value, paths);
      if (seen !== value) (masked ??= { ...object })[name] = seen;
    }
    return masked ?? object;
  }

  #field(name: string, value: Json, paths: readonly (readonly Glob[])[]): Json {
    const { folded, masked } = this.#know(name);
    if (masked && value !== null && typeof value !== 'boolean') return REDACTED;
    if (paths.length === 0) return this.#inside(value, NONE);
    const rest = paths.filter(([step = []]) => holds(step, folded)).map((path) => path.slice(1));
    return rest.some((path) => path.length === 0) ? REDACTED : this.#inside(value, rest);
  }

  #know(name: string): Known {
    let known = this.#known.get(name);
    if (known !== undefined) return known;
    const folded = fold(name);
    known = { folded, masked: this.#names.some((glob) => holds(glob, folded)) };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (name.length <= MAX_KNOWN_LENGTH) this.#known.set(name, known);
    return known;
  }
}
