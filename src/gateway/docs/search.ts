import { bound } from '../../model/bound.ts';
import type { Page, Section } from './pages.ts';

const WORDS_MAX = bound('words of a search of the documentation', 10, 'entries', 'the others are left out');
const FOUND_MAX = bound('places that such a search finds', 20, 'entries', 'the others are left out');

export interface Place {
  readonly page: Page;
  readonly section: Section;
}

export interface Found extends Place {
  /** What stands around the first word that was found, and where in it the words stand. */
  readonly excerpt: readonly { readonly text: string; readonly hit: boolean }[];
}

/** What a word counts for by where it stands. */
const COUNTS = { heading: 6, title: 3, text: 1 };
/** Of what all words weigh, so much must be found in one place. */
const ENOUGH = 0.4;
const AROUND_CHARACTERS = 90;

/** Finds places in the pages by the beginnings of words. What it costs does not depend on how much they hold. */
export class Search {
  readonly #places: readonly Place[];
  /** Each word with the places that hold it, and what it counts for there. */
  readonly #index = new Map<string, Map<Place, number>>();

  constructor(pages: readonly Page[]) {
    this.#places = pages.flatMap((page) => page.sections.map((section) => ({ page, section })));
    for (const place of this.#places) {
      this.#add(place, place.section.title, COUNTS.heading);
      this.#add(place, place.page.title, COUNTS.title);
      this.#add(place, place.section.text, COUNTS.text);
    }
  }

  /** The best place first. */
  find(query: string): Found[] {
    const stems = [...new Set(wordsOf(query).map(stemOf))].slice(0, WORDS_MAX);
    const words = stems.map((stem) => this.#placesOf(stem)).filter(({ places }) => places.size > 0);
    const enough = ENOUGH * words.reduce((sum, { weight }) => sum + weight, 0);
    const scores = new Map<Place, { met: number; score: number }>();
    for (const { places, weight } of words)
      for (const [place, count] of places) {
        const { met, score } = scores.get(place) ?? { met: 0, score: 0 };
        scores.set(place, { met: met + weight, score: score + weight * count });
      }
    return [...scores]
      .filter(([, { met }]) => met >= enough)
      .toSorted(([, a], [, b]) => b.score - a.score)
      .slice(0, FOUND_MAX)
      .map(([place]) => ({ ...place, excerpt: excerptOf(place.section.text, stems) }));
  }

  #add(place: Place, text: string, count: number): void {
    for (const word of new Set(wordsOf(text))) {
      const places = this.#index.get(word) ?? new Map<Place, number>();
      this.#index.set(word, places.set(place, (places.get(place) ?? 0) + count));
    }
  }

  /** Where words begin so; what stands everywhere weighs little, since it says little about where to look. */
  #placesOf(stem: string): { places: ReadonlyMap<Place, number>; weight: number } {
    const places = new Map<Place, number>();
    for (const [word, held] of this.#index)
      if (word.startsWith(stem))
        for (const [place, count] of held) places.set(place, Math.max(count, places.get(place) ?? 0));
    return { places, weight: Math.log(1 + this.#places.length / places.size) };
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Endings are left off, so that a search for `settings` finds a setting. */
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
