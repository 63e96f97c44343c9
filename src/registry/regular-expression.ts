import { RE2JS } from 're2js';
import { bound } from '../model/bound.ts';
import { BelfryError } from '../model/errors.ts';

const LENGTH_MAX = bound(
  'regular expression in a filter',
  200,
  'characters',
  'the request is refused with not_acceptable',
);
/** A character class of Unicode compiles to some hundred ranges. */
const CLASS_WEIGHT = 50;
const WEIGHT_MAX = bound(
  'weight of a regular expression: characters, repeats written out, 50 for a class of Unicode',
  500,
  'entries',
  'the request is refused with not_acceptable',
);
const KEPT_MAX = bound(
  'compiled regular expressions that a node keeps',
  100,
  'entries',
  'the one that was unused for longest is dropped, and compiled again when it is needed',
);

const CLASS = /\\p/gi;
const REPEAT = /(.?)\{(\d+)(?:,(\d*))?\}/gs;
/** After one of these characters a repeat may apply to more than a single character. */
const GROUP_ENDS = ')}?*+E';

/** Compiled expressions; the least recently used one comes first. */
const kept = new Map<string, RE2JS>();

/**
 * A regular expression in the syntax of RE2, which takes time linear in the text that it is tried on.
 * @throws BelfryError `not_acceptable`; an expression that is too large is refused before it is compiled
 */
export function regularExpression(text: string): RE2JS {
  const expression = kept.get(text) ?? compiled(text);
  kept.delete(text);
  kept.set(text, expression);
  const [unused = text] = kept.size > KEPT_MAX ? kept.keys() : [];
  if (unused !== text) kept.delete(unused);
  return expression;
}

function compiled(text: string): RE2JS {
  if (text.length > LENGTH_MAX || weightOf(text) > WEIGHT_MAX) {
    throw refused(
      `The regular expression is too large. Expected at most ${LENGTH_MAX} characters, and fewer repeats or classes of Unicode.`,
    );
  }
  try {
    return RE2JS.compile(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be read';
    throw refused(`The regular expression is not usable: ${reason}. Expected the syntax of RE2.`, cause);
  }
}

/**
 * An upper estimate of what compiling takes: the compiler writes a repeat out as often as it counts, and a repeat of
 * a group multiplies what is in it. Text that only looks like a repeat counts as one.
 */
function weightOf(text: string): number {
  let [weight, factor] = [text.length, 1];
  for (const [, before = '', least = '', most] of text.matchAll(REPEAT)) {
    const count = Math.max(1, Number(least), Number(most ?? least));
    if (GROUP_ENDS.includes(before)) factor *= count;
    else weight += count;
  }
  return (weight + CLASS_WEIGHT * (text.match(CLASS)?.length ?? 0)) * factor;
}

function refused(message: string, cause?: unknown): BelfryError {
  return new BelfryError('not_acceptable', message, { cause });
}
