/** The middle one of these numbers, or the mean of the two middle ones. The result is NaN when there is none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The item whose number is in the middle, and of two the lower one. */
export function middle<T>(items: readonly T[], numberOf: (item: T) => number): T | undefined {
  const sorted = items.toSorted((a, b) => numberOf(a) - numberOf(b));
  return sorted[Math.ceil(sorted.length / 2) - 1];
}

/**
 * Joins equal objects into one in which each number is the median of theirs. A number that one of them lacks is that of
 * the others; what is no number comes from the first one.
 */
export function medians<T extends object>(objects: readonly T[]): T {
  return joined(objects) as T;
}

function joined(values: readonly unknown[]): unknown {
  const present = values.filter((value) => value !== undefined);
  const [first] = present;
  if (present.every((value) => typeof value === 'number')) return median(present);
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return first;
  const objects = present.filter((value): value is Readonly<Record<string, unknown>> => isRecord(value));
  const names = new Set(objects.flatMap((object) => Object.keys(object)));
  return Object.fromEntries([...names].map((name) => [name, joined(objects.map((object) => object[name]))]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
