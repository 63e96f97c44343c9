import type { ListedLetter } from './letter.ts';

/** Which dead letters are shown. */
export interface LetterFilter {
  /** The code of an error, or empty for all. */
  readonly reason: string;
  /** What stands in the message, the id, or the beginning of the text, in capital or small letters. */
  readonly words: string;
}

export function filtered(
  letters: readonly ListedLetter[],
  { reason, words }: LetterFilter,
): readonly ListedLetter[] {
  if (reason === '' && words === '') return letters;
  const wanted = words.toLowerCase();
  return letters.filter(
    (letter) =>
      (reason === '' || letter.reason === reason) &&
      (wanted === '' ||
        [letter.id, letter.message, letter.event].some((text) => text.toLowerCase().includes(wanted))),
  );
}

/** The reasons that occur, with how many letters have each, the most first. */
export function reasonsOf(letters: readonly ListedLetter[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { reason } of letters) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].toSorted(([one, a], [other, b]) => b - a || one.localeCompare(other));
}

/** The letters of all pages, each once: a page may begin anew while others are deleted. */
export function lettersIn(
  pages: readonly { readonly letters: readonly ListedLetter[] }[],
): readonly ListedLetter[] {
  const byId = new Map(pages.flatMap(({ letters }) => letters.map((letter) => [letter.id, letter] as const)));
  return [...byId.values()];
}

/** The letter that is selected next when one goes away: the one after it, or else the one before. */
export function neighbourOf(letters: readonly ListedLetter[], id: string): string | undefined {
  const at = letters.findIndex((letter) => letter.id === id);
  return at < 0 ? undefined : (letters[at + 1] ?? letters[at - 1])?.id;
}
