import { dialectOf, type Connection } from './connection.ts';

/** The names by which a word of the filter can be bound to a field, as in `node:n1` and `dialect=native`. */
export const FILTER_FIELDS = [
  'principal',
  'address',
  'node',
  'dialect',
  'type',
  'pattern',
  'agent',
  'id',
] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

/** One word of the filter. */
export interface Term {
  /** Absent for a word that may stand in any field. */
  readonly field?: FilterField;
  readonly text: string;
  /** The whole value must be this text, in the same letters. Otherwise it may stand anywhere, in capital or small letters. */
  readonly isExact: boolean;
  /** What has it is left out. */
  readonly isNot: boolean;
}

const VALUES: Readonly<Record<FilterField, (connection: Connection) => readonly string[]>> = {
  principal: ({ Principal }) => [Principal],
  address: ({ RemoteAddr }) => [RemoteAddr],
  node: ({ Node }) => [Node],
  dialect: (connection) => [dialectOf(connection)],
  type: ({ Type }) => [Type],
  pattern: ({ Patterns }) => Patterns,
  agent: ({ UserAgent }) => [UserAgent],
  id: ({ Id }) => [Id],
};

/** A word: perhaps `-`, perhaps a field with `:` or `=`, and a text that may stand in quotes. */
const WORD = /(-?)(?:([a-z]+)([:=]))?(?:"([^"]*)"?|(\S+))/g;

/** A field whose value is not typed yet. */
const UNFINISHED = new RegExp(`^(?:${FILTER_FIELDS.join('|')})[:=]$`);

/** Reads words such as `principal:ada -node=n1 "my agent"`. What begins with no known field is looked for as it is. */
export function parseFilter(written: string): readonly Term[] {
  return Array.from(written.matchAll(WORD), ([word, not, name, mark, quoted, plain = '']) => {
    const isNot = not === '-';
    const field = FILTER_FIELDS.find((known) => known === name);
    if (field !== undefined) return { field, text: quoted ?? plain, isExact: mark === '=', isNot };
    const bare = name === undefined ? (quoted ?? plain) : word.slice(isNot ? 1 : 0).replaceAll('"', '');
    return { text: UNFINISHED.test(bare) ? '' : bare, isExact: false, isNot };
  }).filter(({ text, isExact }) => isExact || text !== '');
}

/** The word that asks for one value of a field. */
export function writeTerm(field: FilterField, value: string): string {
  return `${field}=${/^[^\s"]+$/.test(value) ? value : `"${value.replaceAll('"', '')}"`}`;
}

/** The filter with this word, or without it if it was there. */
export function toggleTerm(written: string, word: string): string {
  const words = Array.from(written.matchAll(WORD), ([each]) => each);
  return (words.includes(word) ? words.filter((each) => each !== word) : [...words, word]).join(' ');
}

export function hasTerm(written: string, word: string): boolean {
  return Array.from(written.matchAll(WORD), ([each]) => each).includes(word);
}

/** Of several words for one field one must hold, and the words for different fields must all hold, as in the API of the hub. */
export function matcherOf(terms: readonly Term[]): (connection: Connection) => boolean {
  const groups = new Map<string, Term[]>();
  for (const [index, term] of terms.entries()) {
    const name = term.field === undefined || term.isNot ? `${index}` : term.field;
    groups.set(name, [...(groups.get(name) ?? []), term]);
  }
  const tests = Array.from(groups.values(), (group) => group.map(testOf));
  return (connection) => tests.every((group) => group.some((test) => test(connection)));
}

function testOf({ field, text, isExact, isNot }: Term): (connection: Connection) => boolean {
  const wanted = isExact ? text : text.toLowerCase();
  const has = (value: string): boolean => (isExact ? value === wanted : value.toLowerCase().includes(wanted));
  const readers = field === undefined ? Object.values(VALUES) : [VALUES[field]];
  return (connection) => readers.some((read) => read(connection).some(has)) !== isNot;
}
