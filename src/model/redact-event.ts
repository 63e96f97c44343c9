import type { NewEvent } from './event.ts';
import { changed } from './heard-event.ts';
import { JsonText, textOf } from './json.ts';
import {
  lettersOf,
  ROOTS,
  type Fields,
  type NameMeaning,
  type FieldNames,
  type Root,
} from './redact-names.ts';
import { USER_IN_URL } from './redact-urls.ts';
import { JsonRedactor, type Paths, type Rules } from './redact-json.ts';

/** Masks in events what some layers of rules hide. Names and all other text stay as they were written. */
export class EventRedactor implements Rules {
  readonly isUsual: boolean;
  readonly paths: Readonly<Record<Root, Paths>>;
  readonly #names: readonly FieldNames[];
  readonly #signs: RegExp;

  constructor(layers: readonly { readonly fields: Fields; readonly names: FieldNames }[]) {
    this.#names = layers.map(({ names }) => names);
    this.isUsual = layers.some(({ fields }) => fields.usual !== undefined);
    this.#signs = oneOf(
      layers.flatMap(({ fields }) => lettersOf(fields)),
      this.isUsual ? [USER_IN_URL] : [],
    );
    const all = layers.flatMap(({ fields }) => fields.paths);
    const from = (root: Root): Paths => all.filter((path) => path.root === root).map(({ steps }) => steps);
    this.paths = { object: from('object'), original: from('original'), metadata: from('metadata') };
  }

  /** Masks an event; answers the event itself when there is nothing to mask in it. */
  apply<Event extends NewEvent>(event: Event): Event {
    let masked: Partial<Record<Root, JsonText>> | undefined;
    for (const root of ROOTS) {
      const value = event[root];
      if ((typeof value !== 'object' && typeof value !== 'string') || value === null) continue;
      const text = textOf(value);
      if (!this.#signs.test(text)) continue;
      const seen = new JsonRedactor(text, this).value(this.paths[root]);
      if (seen !== text) (masked ??= {})[root] = new JsonText(seen);
    }
    return masked === undefined ? event : changed(event, masked);
  }

  /** Masks the text of what may be an event in any format, or is not an event. */
  anywhere(text: string): string {
    return this.#signs.test(text) ? new JsonRedactor(text, this).anywhere() : text;
  }

  meaningOf(name: string): NameMeaning {
    const [first, ...others] = this.#names as [FieldNames, ...FieldNames[]];
    return others.reduce((known, names) => both(known, names.meaningOf(name)), first.meaningOf(name));
  }
}

/** What a name means to two layers together: the stronger of the two meanings. */
function both(a: NameMeaning, b: NameMeaning): NameMeaning {
  return {
    folded: a.folded,
    role: a.role,
    mode: a.mode > b.mode ? a.mode : b.mode,
    mayBeDirectory: a.mayBeDirectory || b.mayBeDirectory,
    isNoSecret: a.isNoSecret || b.isNoSecret,
  };
}

/**
 * Finds some patterns, and letters in every form: in any case, with `-` and `_` between them, or escaped as `\u…`.
 */
function oneOf(letters: readonly string[], forms: readonly string[]): RegExp {
  const spelled = letters.length === 0 ? [] : [anyOf(letters)];
  return new RegExp([String.raw`\\u`, ...spelled, ...forms].join('|'), 'i');
}

/** Words that begin with the same letters share them, so that each place of a text is compared with few of the words. */
function anyOf(words: readonly string[]): string {
  const branches = Array.from(
    Map.groupBy(words, ([first = '']) => first),
    ([first, those]) => {
      const rests = those.map((word) => word.slice(first.length));
      return RegExp.escape(first) + (rests.includes('') ? '' : `[-_]*${anyOf(rests)}`);
    },
  );
  return branches.length === 1 ? branches.join() : `(?:${branches.join('|')})`;
}
