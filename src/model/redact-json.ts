import { next, skipString, skipValue, unquoted } from './json-walk.ts';
import { redactUrls } from './redact-urls.ts';
import { most, SecretHints, stringAt, type SecretHint } from './redact-hints.ts';
import { holds, lower, Mode, REDACTED, type Glob, type NameMeaning, type Root } from './redact-names.ts';

/** The fields in which the formats write these values, in lower case; the case does not matter. */
export const VALUE_FIELDS: ReadonlyMap<string, Root> = new Map([
  ['object', 'object'],
  ['payload', 'object'],
  ['data', 'object'],
  ['data_base64', 'object'],
  ['original', 'original'],
  ['metadata', 'metadata'],
]);

/**
 * The other fields that formats write at the root: they say which event it is, and are never masked by their name.
 */
export const ENVELOPE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'time',
  'type',
  'action',
  'key',
  'principal',
  'appid',
  'event_type',
  'timestamp',
  'specversion',
  'datacontenttype',
  'subject',
  'belfrytype',
  'belfryaction',
  'belfrykey',
  'belfryprincipal',
]);

export type Paths = readonly (readonly Glob[])[];
export const NO_PATHS: Paths = [];

/** The rules that apply to an event: what names mean to them, and their paths by where they begin. */
export interface Rules {
  readonly meaningOf: (name: string) => NameMeaning;
  /** Whether the rules include the usual names of secrets. */
  readonly isUsual: boolean;
  readonly paths: Readonly<Record<Root, Paths>>;
}

/** For each mode of an object, the mode that holds for its fields. */
const WITHIN: readonly Mode[] = [Mode.None, Mode.Texts, Mode.Texts, Mode.Told, Mode.All];

/** Matches an item of a list that is a variable or an option: `PASSWORD=x`, `--password=x`. */
const ITEM = /^([\w.-]+)=/;

const DIRECTORY = /^(?:[/~]|\.\.?\/|[A-Za-z]:[/\\])/;

/**
 * Masks in the text of JSON what the rules hide; everything else stays as it was written, and objects and lists keep
 * their form. redact.lua does the same, and agrees to the byte.
 */
export class JsonRedactor {
  readonly #text: string;
  readonly #rules: Rules;
  readonly #hints: SecretHints;
  /** Where a list begins whose items are Secrets, though the items do not say so. */
  #secretsAt = -1;
  #seen = '';
  #done = 0;

  constructor(text: string, rules: Rules) {
    this.#text = text;
    this.#rules = rules;
    this.#hints = new SecretHints(text, (name) => rules.meaningOf(name), rules.isUsual);
  }

  /** Masks one value of an event. */
  value(paths: Paths): string {
    this.#value(0, paths, Mode.None);
    return this.#result;
  }

  /** Masks what may be an event in any format, or is not an event. */
  anywhere(): string {
    if (!this.#text.startsWith('{')) return this.value(NO_PATHS);
    const said = this.#hints.get(0);
    this.#fields(0, (name, at) => {
      const field = lower(name);
      // An event of a format without this field may hold anything in it.
      if (ENVELOPE_FIELDS.has(field)) return this.#said(at);
      const root = VALUE_FIELDS.get(field);
      if (root === undefined) return this.#field(name, at, NO_PATHS, Mode.None, said);
      return this.#value(at, this.#rules.paths[root], this.#byHint(this.#rules.meaningOf(name), at, said));
    });
    return this.#result;
  }

  get #result(): string {
    return this.#done === 0 ? this.#text : this.#seen + this.#text.slice(this.#done);
  }

  /**
   * This and the methods below scan the value at a place and answer its end. `paths` are the rests of the paths that
   * lead here.
   */
  #value(at: number, paths: Paths, mode: Mode): number {
    const first = this.#text[at] ?? '';
    if (first === '{') return this.#object(at, paths, WITHIN[mode] ?? mode);
    if (first === '[') return this.#list(at, paths, mode);
    const end = skipValue(this.#text, at);
    if (isHidden(first, mode)) this.#replace(at, end, REDACTED);
    else if (first === '"') this.#urls(at, end);
    return end;
  }

  /** A value that says which event this is must stay, if it is a text; an object or list there is scanned. */
  #said(at: number): number {
    return this.#text[at] === '"' ? skipString(this.#text, at) : this.#value(at, NO_PATHS, Mode.None);
  }

  #urls(at: number, end: number): void {
    if (!this.#rules.isUsual) return;
    const written = this.#text.slice(at + 1, end - 1);
    const masked = redactUrls(written);
    if (masked !== written) this.#replace(at, end, masked);
  }

  #object(at: number, paths: Paths, mode: Mode): number {
    const said = this.#hints.get(at);
    return this.#fields(at, (name, value) => this.#field(name, value, paths, mode, said));
  }

  #fields(at: number, visit: (name: string, at: number) => number): number {
    const text = this.#text;
    at = next(text, at + 1, ',');
    while (text[at] !== '}') {
      const end = skipString(text, at);
      at = next(text, visit(unquoted(text, at, end), next(text, end, ':')), ',');
    }
    return at + 1;
  }

  #list(at: number, paths: Paths, mode: Mode): number {
    const text = this.#text;
    const areSecrets = this.#secretsAt === at;
    at = next(text, at + 1, ',');
    while (text[at] !== ']') {
      if (areSecrets) this.#hints.at(at).isSecret = true;
      const isItem = mode === Mode.None && text[at] === '"';
      at = next(text, isItem ? this.#item(at) : this.#value(at, paths, mode), ',');
    }
    return at + 1;
  }

  #item(at: number): number {
    const end = skipString(this.#text, at);
    const item = unquoted(this.#text, at, end);
    const name = ITEM.exec(item)?.[1];
    if (name !== undefined && this.#isSecretItem(name, item)) this.#replace(at, end, `${name}=${REDACTED}`);
    else this.#urls(at, end);
    return end;
  }

  #isSecretItem(name: string, item: string): boolean {
    const { mode, mayBeDirectory } = this.#rules.meaningOf(name);
    return mode >= Mode.Secret || (mayBeDirectory && !DIRECTORY.test(item.slice(name.length + 1)));
  }

  #field(name: string, at: number, paths: Paths, mode: Mode, said: SecretHint | undefined): number {
    const known = this.#rules.meaningOf(name);
    if (known.role === 'items' && said?.isSecretList === true) this.#secretsAt = at;
    if (paths.length === 0) return this.#value(at, NO_PATHS, this.#modeOf(known, at, mode, said));
    const rest = paths.filter(([step = []]) => holds(step, known.folded)).map((path) => path.slice(1));
    if (rest.some((path) => path.length === 0)) return this.#value(at, NO_PATHS, Mode.All);
    return this.#value(at, rest, this.#modeOf(known, at, mode, said));
  }

  /** How much of a field is hidden, where `mode` holds in the object around it. */
  #modeOf(known: NameMeaning, at: number, mode: Mode, said: SecretHint | undefined): Mode {
    const own = most(this.#modeFor(known, at), this.#byHint(known, at, said));
    return own === Mode.None && mode === Mode.Texts && known.isNoSecret ? Mode.None : most(own, mode);
  }

  /** How much of a field is hidden because of the hint of its own object. */
  #byHint({ role }: NameMeaning, at: number, said: SecretHint | undefined): Mode {
    if (said === undefined) return Mode.None;
    if (role === 'value') return this.#modeFor(said, at);
    return role === 'data' && said.isSecret ? Mode.Told : Mode.None;
  }

  #modeFor({ mode, mayBeDirectory }: Pick<SecretHint, 'mode' | 'mayBeDirectory'>, at: number): Mode {
    if (!mayBeDirectory || DIRECTORY.test(stringAt(this.#text, at) ?? '')) return mode;
    return most(mode, Mode.Secret);
  }

  #replace(from: number, to: number, by: string): void {
    this.#seen += `${this.#text.slice(this.#done, from)}"${by}"`;
    this.#done = to;
  }
}

/** Whether a mode hides a value with this first character. */
function isHidden(first: string, mode: Mode): boolean {
  if (first === '"') return mode >= Mode.Texts;
  if (first === 't' || first === 'f' || first === 'n') return mode === Mode.All;
  return mode >= Mode.Secret;
}
