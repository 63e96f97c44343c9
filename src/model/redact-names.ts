import { bound } from './bound.ts';

/** Stands where something was that is not for everybody. */
export const REDACTED = '[redacted]';

/** What an event holds of a publisher's own, and so where a path begins. */
export const ROOTS = ['object', 'original', 'metadata'] as const;
export type Root = (typeof ROOTS)[number];

/** A folded name, split at its stars: one part is a name to the letter. */
export type Glob = readonly string[];

export interface Path {
  readonly root: Root;
  /** At least one. A list on the way stands for each of its items. */
  readonly steps: readonly Glob[];
}

/** What a layer masks. The Redis function belfry_publish is handed the same. */
export interface Fields {
  /** At any depth, lists included. */
  readonly names: readonly Glob[];
  readonly paths: readonly Path[];
  readonly usual?: Usual | undefined;
}

/** The names that hardly ever stand for anything but a secret, and what is known of the objects that hold secrets. */
export interface Usual {
  readonly names: readonly Glob[];
  /** No secrets, though their names or where they stand say so. */
  readonly noSecrets: readonly Glob[];
  /** Secrets, unless the text is the path of a directory. */
  readonly directories: readonly Glob[];
}

/**
 * How much of a value is hidden, each more than the one before: nothing; its texts; a text or number itself, and the
 * texts in it; all texts and numbers; everything. Objects and lists keep their form in any case.
 */
export const Mode = { None: 0, Texts: 1, Secret: 2, Told: 3, All: 4 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What a field may say of another one of its object, or be told by one; under folded names. */
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

/** What is known of a name as it is written in events. */
export interface NameMeaning {
  readonly folded: string;
  readonly role: Role | undefined;
  /** What a value of this name hides. */
  readonly mode: Mode;
  /** It hides a text or number, but no path of a directory. */
  readonly mayBeDirectory: boolean;
  /** It is no secret, though its kind is one or it stands within one. */
  readonly isNoSecret: boolean;
}

/** FieldNames come from a few programs, over and over. Who makes up new ones all the time gets no memory from us. */
export const MAX_KNOWN = bound(
  'field names of which a node remembers whether they are masked',
  10_000,
  'entries',
  'all are forgotten, and looked at again',
);
export const MAX_KNOWN_LENGTH = bound(
  'a field name of which that is remembered',
  100,
  'characters',
  'it is looked at each time',
);

/** What names mean to a layer. */
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

/** `sshKey`, `ssh_key` and `SSH-Key` are one name. Letters beyond ASCII are what they are, here as in Lua. */
export function fold(name: string): string {
  return lower(name.replaceAll(/[-_]/g, ''));
}

/** As Lua does it: letters beyond ASCII stay as they are. */
export function lower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
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
 * Letters of which a text has some, folded, if anything in it is masked. They stand there as they are, unless they are
 * escaped by their numbers: characters for which JSON has another escape are none of them.
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
