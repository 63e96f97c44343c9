/** The unit in which a bound counts. */
export type Unit = 'share' | 'bytes' | 'characters' | 'entries' | 'levels' | 'ms' | 'a second' | 'a minute';

/** A bound of memory, count or time, and what happens when it is reached. */
export interface Bound {
  /** What is bounded, in words for a reader of the docs: `filters of one subscription`. */
  readonly of: string;
  readonly max: number;
  readonly unit: Unit;
  /** What happens at the bound, as a sentence without a full stop: `the command is refused with filter_invalid`. */
  readonly fate: string;
}

const declared: Bound[] = [];

/**
 * Declares a bound that no setting changes, and returns its number. Each bound is declared once, at the top of the
 * module that enforces it; the docs' table of all bounds is made from these declarations.
 */
export function bound(of: string, max: number, unit: Unit, fate: string): number {
  declared.push({ of, max, unit, fate });
  return max;
}

/** All bounds that the loaded modules have declared, sorted by what they bound. */
export function allBounds(): readonly Bound[] {
  return declared.toSorted((a, b) => (a.of < b.of ? -1 : 1));
}
