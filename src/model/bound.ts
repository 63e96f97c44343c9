/** In what a bound counts. */
export type Unit = 'share' | 'bytes' | 'characters' | 'entries' | 'levels' | 'ms' | 'a second' | 'a minute';

/** A bound of memory, count or time, and what happens to what would pass it. */
export interface Bound {
  /** What is bounded, as a reader of the docs would say it: `filters of one subscription`. */
  readonly of: string;
  readonly max: number;
  readonly unit: Unit;
  /** What happens at the bound, as a sentence without a full stop: `the command is refused with filter_invalid`. */
  readonly fate: string;
}

const declared: Bound[] = [];

/**
 * Declares a bound that no setting changes, and answers its number. Each is declared once, at the top of the module
 * that keeps it; the docs' table of all bounds is made from these.
 */
export function bound(of: string, max: number, unit: Unit, fate: string): number {
  declared.push({ of, max, unit, fate });
  return max;
}

/** All that the modules loaded so far have declared, in the order of their texts. */
export function allBounds(): readonly Bound[] {
  return declared.toSorted((a, b) => (a.of < b.of ? -1 : 1));
}
