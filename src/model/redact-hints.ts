import { next, skipString, unquoted } from './json-walk.ts';
import { Mode, type NameMeaning } from './redact-names.ts';

/** A hint that some fields of an object give about its other fields. */
export interface SecretHint {
  /** How much of its field `value` is hidden. */
  mode: Mode;
  mayBeDirectory: boolean;
  /** Whether it is a Secret of Kubernetes, whose `data` is hidden. */
  isSecret: boolean;
  /** Whether each of its `items` is a Secret. */
  isSecretList: boolean;
}

/**
 * Finds objects that say with some fields whether other fields are secret, like {"name": "password", "value": "…"} or
 * a Secret of Kubernetes. The hints are kept by where the objects begin in the text.
 */
export class SecretHints {
  readonly #text: string;
  readonly #meaningOf: (name: string) => NameMeaning;
  readonly #isUsual: boolean;
  readonly #byObject = new Map<number, SecretHint>();

  /**
   * `isUsual`: whether the rules include the usual names of secrets, and with them the fields `sensitive` and `kind`.
   */
  constructor(text: string, meaningOf: (name: string) => NameMeaning, isUsual: boolean) {
    this.#text = text;
    this.#meaningOf = meaningOf;
    this.#isUsual = isUsual;
    if (maySay(text)) this.#find();
  }

  get(object: number): SecretHint | undefined {
    return this.#byObject.get(object);
  }

  /** The hint of an object, to which more can be added. */
  at(object: number): SecretHint {
    let said = this.#byObject.get(object);
    if (said === undefined) {
      said = { mode: Mode.None, mayBeDirectory: false, isSecret: false, isSecretList: false };
      this.#byObject.set(object, said);
    }
    return said;
  }

  /** One pass finds the hints of all objects, at every level of nesting. */
  #find(): void {
    const text = this.#text;
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
      if (text.slice(end, value).includes(':')) this.#say(open.at(-1) ?? 0, unquoted(text, at, end), value);
      at = end;
    }
  }

  #say(object: number, name: string, at: number): void {
    const { role } = this.#meaningOf(name);
    if (role !== 'label' && role !== 'sensitive' && role !== 'kind') return;
    const said = this.at(object);
    if (role === 'label') {
      const label = stringAt(this.#text, at);
      if (label === undefined) return;
      const { mode, mayBeDirectory } = this.#meaningOf(label);
      said.mode = most(said.mode, mode);
      said.mayBeDirectory ||= mayBeDirectory;
    } else if (!this.#isUsual) {
      return;
    } else if (role === 'sensitive') {
      if (this.#text[at] === 't') said.mode = Mode.Told;
    } else {
      const kind = stringAt(this.#text, at);
      said.isSecret ||= kind === 'Secret';
      said.isSecretList ||= kind === 'SecretList';
    }
  }
}

/** A quick check for the letters that every hint needs, since most texts hold no hint. */
function maySay(text: string): boolean {
  return /v[-_]*a[-_]*l[-_]*u[-_]*e[-_]*"|"secret(?:list)?"|\\u/i.test(text);
}

/** The value of the string that begins at this place, if one does. */
export function stringAt(text: string, at: number): string | undefined {
  return text[at] === '"' ? unquoted(text, at, skipString(text, at)) : undefined;
}

export function most(a: Mode, b: Mode): Mode {
  return a > b ? a : b;
}
