import { bound } from './bound.ts';

/** Replaces a masked value. */
export const REDACTED = '[redacted]';

/** The fields of an event that hold a publisher's data; every path begins with one of them. */
export const ROOTS = ['object', 'original', 'metadata'] as const;
export type Root = (typeof ROOTS)[number];

/** A folded name, split at its stars; a single part is a complete name. */
export type Glob = readonly string[];

export interface Path {
  readonly root: Root;
  /** At least one step. A list on the way stands for each of its items. */
  readonly steps: readonly Glob[];
}

/** The fields that a layer of rules masks. The Redis function belfry_publish gets the same data. */
export interface Fields {
  /** Names of fields at any depth, also within lists. */
  readonly names: readonly Glob[];
  readonly paths: readonly Path[];
  readonly usual?: Usual | undefined;
}

/** The usual names of secrets, and the exceptions from them. */
export interface Usual {
  readonly names: readonly Glob[];
  /** Names of values that are no secret, though the name looks like one or the value stands within a secret. */
  readonly noSecrets: readonly Glob[];
  /** Names of secrets, unless the value is the path of a directory. */
  readonly directories: readonly Glob[];
}

/**
 * How much of a value is hidden, each mode more than the one before. `Texts`: the texts in it. `Secret`: the value
 * itself if it is a text or number, and the texts in it. `Told`: all texts and numbers. `All`: everything. Objects
 * and lists always keep their form.
 */
export const Mode = { None: 0, Texts: 1, Secret: 2, Told: 3, All: 4 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Fields, by folded names, that give a hint about another field of their object, or that such a hint is about. */
export const ROLES = {
  name: 'label',
  key: 'label',
  sensitive: 'sensitive',
  kind: 'kind',
  value: 'value',
  data: 'data',
  stringdata: 'data',
  items: 'items',
} as const;
export type Role = (typeof ROLES)[keyof typeof ROLES];

/** What the name of a field means for masking. */
export interface NameMeaning {
  readonly folded: string;
  readonly role: Role | undefined;
  /** How much of a value with this name is hidden. */
  readonly mode: Mode;
  /** The value is hidden unless it is the path of a directory. */
  readonly mayBeDirectory: boolean;
  /** The value is no secret, though it stands within one. */
  readonly isNoSecret: boolean;
}

/**
 * FieldThe same names come again and again, so their meaning is cached. A program that invents new names all the time
 * cannot fill the memory.
 */
export const MAX_KNOWN = bound(
  'field names of which a node remembers whether they are masked',
  10_000,
  'entries',
  'all are forgotten, and looked at again',
);
export const MAX_KNOWN_LENGTH = bound(
  'a field name of which a node remembers whether it is masked',
  100,
  'characters',
  'the name is checked each time',
);

/** Finds what names mean to one layer of rules, and caches it. */
export class FieldNames {
  readonly #fields: Fields;
  readonly #known = new Map<string, NameMeaning>();

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  meaningOf(name: string): NameMeaning {
    let known = this.#known.get(name);
    if (known !== undefined) return known;
    const folded = fold(name);
    known = { folded, role: roleOf(folded), ...this.#meaningOf(folded) };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (name.length <= MAX_KNOWN_LENGTH) this.#known.set(name, known);
    return known;
  }

  #meaningOf(folded: string): Pick<NameMeaning, 'mode' | 'mayBeDirectory' | 'isNoSecret'> {
    const isAmong = (globs: readonly Glob[] = []): boolean => globs.some((glob) => holds(glob, folded));
    const { names, usual } = this.#fields;
    const isStated = isAmong(names);
    const isNoSecret = !isStated && isAmong(usual?.noSecrets);
    const mayBeDirectory = !isStated && !isNoSecret && isAmong(usual?.directories);
    const isSecret = !isStated && !isNoSecret && !mayBeDirectory && isAmong(usual?.names);
    const mode = isStated ? Mode.Told : isSecret ? Mode.Secret : Mode.None;
    return { mode, mayBeDirectory, isNoSecret };
  }
}

function roleOf(folded: string): Role | undefined {
  return Object.hasOwn(ROLES, folded) ? ROLES[folded as keyof typeof ROLES] : undefined;
}

/** Parses a field of a rule: with a dot it is a path, else a name. `undefined` when it is neither. */
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

/**
 * Folds a name: `sshKey`, `ssh_key` and `SSH-Key` are the same name. Letters beyond ASCII stay as they are, as in
 * Lua.
 */
export function fold(name: string): string {
  return lower(name.replaceAll(/[-_]/g, ''));
}

/** Lower case as in Lua: letters beyond ASCII stay as they are. */
export function lower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether a folded name matches a glob, in linear time however many stars there are. */
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
 * Folded letters of which a text must hold some if anything in it is masked. They occur in the text as they are,
 * unless they are escaped as `\u…`; characters for which JSON has a short escape are never among them.
 */
export function lettersOf({ names, paths, usual }: Fields): readonly string[] {
  const ends = paths.map(({ steps }) => steps.at(-1) ?? []);
  const of = [...names, ...ends, ...(usual === undefined ? [] : [...usual.names, ...usual.directories])].map(
    longest,
  );
  if (usual !== undefined) of.push('sensitive', 'secret');
  const all = [...new Set(of)];
  return all.filter((one) => !all.some((other) => other !== one && one.includes(other)));
}

function longest(glob: Glob): string {
  const runs = glob.flatMap((part) => part.split(/["\\/]/));
  return runs.reduce((a, b) => (b.length > a.length ? b : a), '');
}
