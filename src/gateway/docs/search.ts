import { bound } from '../../model/bound.ts';
import type { Page, Section } from './pages.ts';

const WORDS_MAX = bound('words of a search of the documentation', 10, 'entries', 'the others are left out');
const FOUND_MAX = bound(
  'places that a search of the documentation finds',
  20,
  'entries',
  'the others are left out',
);

export interface Place {
  readonly page: Page;
  readonly section: Section;
}

export interface Found extends Place {
  /** The text around the first word that was found, in pieces. The pieces that were found are marked. */
  readonly excerpt: readonly { readonly text: string; readonly hit: boolean }[];
}

/** How much a word counts in each kind of place. */
const COUNTS = { heading: 6, title: 3, text: 1 };
/** The share of the weight of all words that must be found in one place. */
const ENOUGH = 0.4;
/** A word in a long text says less about it: in one of so many words, it counts half. */
const LONG_WORDS = 100;
/** Shorter words are looked for as a whole, since too many others begin with them. */
const WHOLE_BELOW_CHARACTERS = 4;
const AROUND_CHARACTERS = 90;

/** Finds places in the pages by the beginnings of words. */
export class Search {
  readonly #places: readonly Place[];
  /** For each word, how much it counts in the places that have it. Places are numbers. */
  readonly #index = new Map<string, Map<number, number>>();

  constructor(pages: readonly Page[]) {
    this.#places = pages.flatMap((page) => page.sections.map((section) => ({ page, section })));
    for (const [at, { page, section }] of this.#places.entries()) {
      this.#add(at, wordsOf(section.title), COUNTS.heading);
      this.#add(at, wordsOf(page.title), COUNTS.title);
      const words = wordsOf(section.text);
      this.#add(at, words, (COUNTS.text * LONG_WORDS) / (LONG_WORDS + words.length));
    }
  }

  /** The places that match, the best one first. */
  find(query: string): Found[] {
    const stems = [...new Set(wordsOf(query).map(stemOf))].slice(0, WORDS_MAX);
    const met = new Float64Array(this.#places.length);
    const scores = new Float64Array(this.#places.length);
    let all = 0;
    for (const stem of stems) {
      const counts = this.#countsOf(stem);
      const size = counts.reduce((sum, count) => sum + Number(count > 0), 0);
      // A word that is everywhere says little about where to look, and a word that is nowhere says nothing.
      const weight = size === 0 ? 0 : Math.log(1 + counts.length / size);
      all += weight;
      for (const [at, count] of counts.entries()) {
        if (count > 0) met[at] = (met[at] ?? 0) + weight;
        scores[at] = (scores[at] ?? 0) + weight * count;
      }
    }
    return (
      this.#places
        .map((place, at) => ({ place, met: (met[at] ?? 0) / all, score: scores[at] ?? 0 }))
        .filter((each) => each.score > 0 && each.met >= ENOUGH)
        // A place that has all words comes before one that has some of them in its heading.
        .map((each) => ({ ...each, score: each.score * each.met ** 2 }))
        .toSorted((a, b) => b.score - a.score)
        .slice(0, FOUND_MAX)
        .map(({ place }) => ({ ...place, excerpt: excerptOf(place.section.text, stems) }))
    );
  }

  #add(at: number, words: readonly string[], count: number): void {
    for (const word of new Set(words)) {
      const counts = this.#index.get(word) ?? new Map<number, number>();
      this.#index.set(word, counts.set(at, (counts.get(at) ?? 0) + count));
    }
  }

  /** How much the words with this beginning count in each place. */
  #countsOf(stem: string): Float64Array {
    const counts = new Float64Array(this.#places.length);
    for (const [word, held] of this.#index)
      if (word === stem || (stem.length >= WHOLE_BELOW_CHARACTERS && word.startsWith(stem)))
        for (const [at, count] of held) counts[at] = Math.max(count, counts[at] ?? 0);
    return counts;
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The word without its ending, so that a search for `settings` finds a setting. */
function stemOf(word: string): string {
  return word.replace(/(?<=.{4})(?:ing|ed|es|s)$/, '');
}

function excerptOf(text: string, stems: readonly string[]): Found['excerpt'] {
  const word = new RegExp(`(?<![\\p{L}\\p{N}])((?:${stems.join('|')})[\\p{L}\\p{N}]*)`, 'iu');
  const at = Math.max(0, text.search(word));
  const from = at <= AROUND_CHARACTERS ? 0 : text.indexOf(' ', at - AROUND_CHARACTERS) + 1;
  const end = text.indexOf(' ', at + AROUND_CHARACTERS);
  const part = `${from > 0 ? '… ' : ''}${text.slice(from, end < 0 ? undefined : end)}${end < 0 ? '' : ' …'}`;
  return part.split(word).map((each, i) => ({ text: each, hit: i % 2 === 1 }));
}
