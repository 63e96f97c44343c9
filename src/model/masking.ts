import type { NewEvent } from './event.ts';
import { ExactNumber } from './exact-number.ts';
import { isJsonObject, valueOf, type Json, type JsonObject } from './json.ts';
import {
  holds,
  lower,
  Mode,
  REDACTED,
  ROOTS,
  type Fields,
  type Glob,
  type Names,
  type Root,
} from './mask.ts';

/** Where the formats write what becomes these, in whatever case. */
export const VALUE_FIELDS: Readonly<Record<string, Root>> = {
  object: 'object',
  payload: 'object',
  data: 'object',
  original: 'original',
  metadata: 'metadata',
};

/** What else the formats write there: it says what the event is, and no name masks it. */
export const ENVELOPE_FIELDS: readonly string[] = [
  'id',
  'time',
  'type',
  'action',
  'key',
  'principal',
  'appid',
  'event_type',
  'timestamp',
];
const ENVELOPE: ReadonlySet<string> = new Set(ENVELOPE_FIELDS);

type Paths = readonly (readonly Glob[])[];
const NO_PATHS: Paths = [];

/** What a value hides in the fields of an object. */
const WITHIN: readonly Mode[] = [Mode.None, Mode.Texts, Mode.Texts, Mode.Told, Mode.All];

/** An item of a list that may be a variable or an option: `PASSWORD=x`, `--password=x`. */
const ITEM = /^([\w.-]+)=/;

const DIRECTORY = /^(?:[/~]|\.\.?\/|[A-Za-z]:[/\\])/;

/** What is known of a name, by all layers together. */
interface Sense {
  readonly mode: Mode;
  readonly mayBeDirectory: boolean;
  readonly isNoSecret: boolean;
}

/** What an object says of its `value`, and whether it is a Secret of Kubernetes. */
interface Sayings {
  readonly mode: Mode;
  readonly mayBeDirectory: boolean;
  readonly isSecret: boolean;
}

/**
 * Puts {@link REDACTED} in the place of what some layers hide, as redact.lua does it in the text of an event. Objects
 * and lists keep their form. Under a name `true`, `false` and `null` stay, as `hasToken` or an empty field is no secret;
 * at the end of a path nothing does.
 */
export class Masking {
  readonly #layers: readonly Names[];
  readonly #isUsual: boolean;
  readonly #paths: Readonly<Record<Root, Paths>>;

  constructor(layers: readonly { readonly fields: Fields; readonly names: Names }[]) {
    this.#layers = layers.map(({ names }) => names);
    this.#isUsual = layers.some(({ fields }) => fields.usual !== undefined);
    const all = layers.flatMap(({ fields }) => fields.paths);
    const from = (root: Root): Paths => all.filter((path) => path.root === root).map(({ steps }) => steps);
    this.#paths = { object: from('object'), original: from('original'), metadata: from('metadata') };
  }

  /** The event itself when there is nothing to mask in it; else another, which shares with it what is the same. */
  apply<Event extends NewEvent>(event: Event): Event {
    let masked: Partial<Record<Root, Json>> | undefined;
    for (const root of ROOTS) {
      const value = valueOf(event[root]);
      if (typeof value !== 'object' || value === null) continue;
      const seen = this.#value(value, this.#paths[root], Mode.None);
      if (seen !== value) (masked ??= {})[root] = seen;
    }
    return masked === undefined ? event : { ...event, ...masked };
  }

  /** What may be an event in any format, or is none. */
  anywhere(json: Json): Json {
    if (!isJsonObject(json)) return this.#value(json, NO_PATHS, Mode.None);
    const sayings = this.#sayingsOf(json);
    const masked = Object.entries(json).map(([name, value]): [string, Json] => {
      const field = lower(name);
      if (ENVELOPE.has(field)) return [name, this.#value(value, NO_PATHS, Mode.None)];
      const root = Object.hasOwn(VALUE_FIELDS, field) ? VALUE_FIELDS[field] : undefined;
      if (root === undefined) return [name, this.#field(name, value, NO_PATHS, Mode.None, sayings)];
      return [name, this.#value(value, this.#paths[root], this.#bySaying(sayings, name, value))];
    });
    return masked.every(([name, value]) => value === json[name]) ? json : Object.fromEntries(masked);
  }

  /** `paths` are what is left of those that lead through here. */
  #value(value: Json, paths: Paths, mode: Mode): Json {
    if (typeof value !== 'object' || value === null || value instanceof ExactNumber)
      return isHidden(value, mode) ? REDACTED : value;
    if (isJsonObject(value)) return this.#object(value, paths, WITHIN[mode] ?? Mode.None);
    let masked: Json[] | undefined;
    for (const [index, item] of value.entries()) {
      const isPlain = typeof item === 'string' && mode === Mode.None;
      const seen = isPlain ? this.#item(item) : this.#value(item, paths, mode);
      if (seen !== item) (masked ??= [...value])[index] = seen;
    }
    return masked ?? value;
  }

  #object(object: JsonObject, paths: Paths, mode: Mode): JsonObject {
    let masked: Record<string, Json> | undefined;
    let sayings: Sayings | undefined;
    for (const name in object) {
      const value = object[name] as Json;
      if (this.#isSaidOf(name)) sayings ??= this.#sayingsOf(object);
      const seen = this.#field(name, value, paths, mode, sayings);
      if (seen !== value) (masked ??= { ...object })[name] = seen;
    }
    return masked ?? object;
  }

  #field(name: string, value: Json, paths: Paths, mode: Mode, sayings: Sayings | undefined): Json {
    const rest = paths.length === 0 ? NO_PATHS : this.#follow(paths, name);
    if (rest === undefined) return this.#value(value, NO_PATHS, Mode.All);
    return this.#value(value, rest, this.#modeOf(name, value, mode, sayings));
  }

  /** `undefined` where one of the paths ends. */
  #follow(paths: Paths, name: string): Paths | undefined {
    const folded = this.#layers[0]?.know(name).folded ?? '';
    const rest = paths.filter(([step = []]) => holds(step, folded)).map((path) => path.slice(1));
    return rest.some((path) => path.length === 0) ? undefined : rest;
  }

  /** How much is hidden of a field, where `mode` holds in the object around it. */
  #modeOf(name: string, value: Json, mode: Mode, sayings: Sayings | undefined): Mode {
    const sense = this.#senseOf(name);
    const own = most(modeFor(sense, value), this.#bySaying(sayings, name, value));
    return own === Mode.None && mode === Mode.Texts && sense.isNoSecret ? Mode.None : most(own, mode);
  }

  #senseOf(name: string): Sense {
    let mode: Mode = Mode.None;
    let mayBeDirectory = false;
    let isNoSecret = false;
    for (const layer of this.#layers) {
      const { meaning } = layer.know(name);
      if (meaning === 'directory') mayBeDirectory = true;
      else if (meaning === 'no secret') isNoSecret = true;
      else mode = most(mode, meaning);
    }
    return { mode, mayBeDirectory, isNoSecret };
  }

  /** Whether another field of the object may say something of this one. */
  #isSaidOf(name: string): boolean {
    const role = this.#layers[0]?.know(name).role;
    return role === 'value' || role === 'data';
  }

  /** How much of a field its own object lets it hide. */
  #bySaying(sayings: Sayings | undefined, name: string, value: Json): Mode {
    if (sayings === undefined || !this.#isSaidOf(name)) return Mode.None;
    if (this.#layers[0]?.know(name).role === 'value') return modeFor(sayings, value);
    return sayings.isSecret ? Mode.Told : Mode.None;
  }

  #sayingsOf(object: JsonObject): Sayings {
    let mode: Mode = Mode.None;
    let mayBeDirectory = false;
    let isSecret = false;
    for (const name in object) {
      const role = this.#layers[0]?.know(name).role;
      const said = object[name];
      if (role === 'label' && typeof said === 'string') {
        const sense = this.#senseOf(said);
        mode = most(mode, sense.mode);
        mayBeDirectory ||= sense.mayBeDirectory;
      } else if (role === 'sensitive' && said === true && this.#isUsual) {
        mode = Mode.Told;
      } else if (role === 'kind' && said === 'Secret') {
        isSecret = this.#isUsual;
      }
    }
    return { mode, mayBeDirectory, isSecret };
  }

  #item(item: string): string {
    const name = ITEM.exec(item)?.[1];
    if (name === undefined) return item;
    const mode = modeFor(this.#senseOf(name), item.slice(name.length + 1));
    return mode === Mode.None ? item : `${name}=${REDACTED}`;
  }
}

function most(a: Mode, b: Mode): Mode {
  return a > b ? a : b;
}

function modeFor({ mode, mayBeDirectory }: Pick<Sense, 'mode' | 'mayBeDirectory'>, value: Json): Mode {
  if (!mayBeDirectory || (typeof value === 'string' && DIRECTORY.test(value))) return mode;
  return most(mode, Mode.Secret);
}

function isHidden(value: string | number | ExactNumber | boolean | null, mode: Mode): boolean {
  if (typeof value === 'string') return mode >= Mode.Texts;
  return typeof value === 'number' || value instanceof ExactNumber ? mode >= Mode.Secret : mode === Mode.All;
}
