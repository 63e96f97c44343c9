import { next, skipString, skipValue, unquoted } from './json-walk.ts';
import { holds, lower, Mode, REDACTED, type Glob, type Known, type Root } from './mask.ts';

/** Where the formats write what becomes these, in whatever case. */
export const VALUE_FIELDS: ReadonlyMap<string, Root> = new Map([
  ['object', 'object'],
  ['payload', 'object'],
  ['data', 'object'],
  ['original', 'original'],
  ['metadata', 'metadata'],
]);

/** What else the formats write there: it says what the event is, and no name masks it. */
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
]);

export type Paths = readonly (readonly Glob[])[];
export const NO_PATHS: Paths = [];

/** What is known of a name by all rules that concern an event; and where their paths begin. */
export interface Rules {
  readonly know: (name: string) => Known;
  /** Whether the usual names of secrets are among them. */
  readonly isUsual: boolean;
  readonly paths: Readonly<Record<Root, Paths>>;
}

/** What a value hides in the fields of an object. */
const WITHIN: readonly Mode[] = [Mode.None, Mode.Texts, Mode.Texts, Mode.Told, Mode.All];

/** An item of a list that may be a variable or an option: `PASSWORD=x`, `--password=x`. */
const ITEM = /^([\w.-]+)=/;

const DIRECTORY = /^(?:[/~]|\.\.?\/|[A-Za-z]:[/\\])/;

/** What an object says with some of its fields about others. */
interface Sayings {
  /** Of its `value`. */
  mode: Mode;
  mayBeDirectory: boolean;
  /** Whether it is a Secret of Kubernetes, of which the `data` is hidden. */
  isSecret: boolean;
}

/**
 * Masks in the text of JSON what some rules hide; the rest stays as it was written. redact.lua does the same, and
 * agrees to the byte. Objects and lists keep their form.
 */
export class MaskedText {
  readonly #text: string;
  readonly #rules: Rules;
  readonly #sayings: ReadonlyMap<number, Sayings>;
  #seen = '';
  #done = 0;

  constructor(text: string, rules: Rules) {
    this.#text = text;
    this.#rules = rules;
    this.#sayings = maySay(text) ? this.#findSayings() : new Map();
  }

  /** Of a value of an event. */
  value(paths: Paths): string {
    this.#value(0, paths, Mode.None);
    return this.#result;
  }

  /** Of what may be an event in any format, or is none. */
  anywhere(): string {
    if (!this.#text.startsWith('{')) return this.value(NO_PATHS);
    const said = this.#sayings.get(0);
    this.#fields(0, (name, at) => {
      const field = lower(name);
      // A format that does not know the field may have anything in it.
      if (ENVELOPE_FIELDS.has(field)) return this.#value(at, NO_PATHS, Mode.None);
      const root = VALUE_FIELDS.get(field);
      if (root === undefined) return this.#field(name, at, NO_PATHS, Mode.None, said);
      return this.#value(at, this.#rules.paths[root], this.#bySaying(this.#rules.know(name), at, said));
    });
    return this.#result;
  }

  get #result(): string {
    return this.#done === 0 ? this.#text : this.#seen + this.#text.slice(this.#done);
  }

  /** Each of these answers where the value has ended that begins there. `paths` are what is left of those that lead here. */
  #value(at: number, paths: Paths, mode: Mode): number {
    const first = this.#text[at] ?? '';
    if (first === '{') return this.#object(at, paths, WITHIN[mode] ?? mode);
    if (first === '[') return this.#list(at, paths, mode);
    const end = skipValue(this.#text, at);
    if (isHidden(first, mode)) this.#replace(at, end, REDACTED);
    return end;
  }

  #object(at: number, paths: Paths, mode: Mode): number {
    const said = this.#sayings.get(at);
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
    at = next(text, at + 1, ',');
    while (text[at] !== ']') {
      const isItem = mode === Mode.None && text[at] === '"';
      at = next(text, isItem ? this.#item(at) : this.#value(at, paths, mode), ',');
    }
    return at + 1;
  }

  #item(at: number): number {
    const end = skipString(this.#text, at);
    const item = unquoted(this.#text, at, end);
    const name = ITEM.exec(item)?.[1];
    if (name === undefined) return end;
    const { mode, mayBeDirectory } = this.#rules.know(name);
    const isSecret = mode >= Mode.Secret || (mayBeDirectory && !DIRECTORY.test(item.slice(name.length + 1)));
    if (isSecret) this.#replace(at, end, `${name}=${REDACTED}`);
    return end;
  }

  #field(name: string, at: number, paths: Paths, mode: Mode, said: Sayings | undefined): number {
    const known = this.#rules.know(name);
    if (paths.length === 0) return this.#value(at, NO_PATHS, this.#modeOf(known, at, mode, said));
    const rest = paths.filter(([step = []]) => holds(step, known.folded)).map((path) => path.slice(1));
    if (rest.some((path) => path.length === 0)) return this.#value(at, NO_PATHS, Mode.All);
    return this.#value(at, rest, this.#modeOf(known, at, mode, said));
  }

  /** How much is hidden of a field, where `mode` holds in the object around it. */
  #modeOf(known: Known, at: number, mode: Mode, said: Sayings | undefined): Mode {
    const own = most(this.#modeFor(known, at), this.#bySaying(known, at, said));
    return own === Mode.None && mode === Mode.Texts && known.isNoSecret ? Mode.None : most(own, mode);
  }

  /** How much of a field its own object lets it hide. */
  #bySaying({ role }: Known, at: number, said: Sayings | undefined): Mode {
    if (said === undefined) return Mode.None;
    if (role === 'value') return this.#modeFor(said, at);
    return role === 'data' && said.isSecret ? Mode.Told : Mode.None;
  }

  #modeFor({ mode, mayBeDirectory }: Pick<Sayings, 'mode' | 'mayBeDirectory'>, at: number): Mode {
    if (!mayBeDirectory || DIRECTORY.test(this.#stringAt(at) ?? '')) return mode;
    return most(mode, Mode.Secret);
  }

  #stringAt(at: number): string | undefined {
    if (this.#text[at] !== '"') return undefined;
    return unquoted(this.#text, at, skipString(this.#text, at));
  }

  /** What the objects say, by where they begin. Looked for in one go, whatever is nested in what. */
  #findSayings(): Map<number, Sayings> {
    const text = this.#text;
    const sayings = new Map<number, Sayings>();
    const open: number[] = [];
    for (let at = 0; at < text.length;) {
      const first = text[at];
      if (first !== '"') {
        if (first === '{') open.push(at);
        else if (first === '}') open.pop();
        at++;
        continue;
      }
      const end = skipString(text, at);
      const value = next(text, end, ':');
      if (text.slice(end, value).includes(':'))
        this.#say(sayings, open.at(-1) ?? 0, unquoted(text, at, end), value);
      at = end;
    }
    return sayings;
  }

  #say(sayings: Map<number, Sayings>, object: number, name: string, at: number): void {
    const { role } = this.#rules.know(name);
    if (role === undefined || role === 'value' || role === 'data') return;
    const said = sayings.get(object) ?? { mode: Mode.None, mayBeDirectory: false, isSecret: false };
    sayings.set(object, said);
    if (role === 'label') {
      const label = this.#stringAt(at);
      if (label === undefined) return;
      const { mode, mayBeDirectory } = this.#rules.know(label);
      said.mode = most(said.mode, mode);
      said.mayBeDirectory ||= mayBeDirectory;
    } else if (!this.#rules.isUsual) {
      return;
    } else if (role === 'sensitive') {
      if (this.#text[at] === 't') said.mode = Mode.Told;
    } else said.isSecret ||= this.#stringAt(at) === 'Secret';
  }

  #replace(from: number, to: number, by: string): void {
    this.#seen += `${this.#text.slice(this.#done, from)}"${by}"`;
    this.#done = to;
  }
}

/** A quick look at the letters of all that can be said, however it is written: most texts say nothing. */
function maySay(text: string): boolean {
  return /v[-_]*a[-_]*l[-_]*u[-_]*e[-_]*"|"secret"|\\u/i.test(text);
}

function most(a: Mode, b: Mode): Mode {
  return a > b ? a : b;
}

/** Whether a value that begins like that is hidden. */
function isHidden(first: string, mode: Mode): boolean {
  if (first === '"') return mode >= Mode.Texts;
  if (first === 't' || first === 'f' || first === 'n') return mode === Mode.All;
  return mode >= Mode.Secret;
}
