const NUMBER = new Intl.NumberFormat();

/** A count with the separators of the viewer, such as 12,345. */
export function countText(count: number): string {
  return NUMBER.format(count);
}

/** A count with its word: "1 connection", "2 connections". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** Bytes in the largest unit of which there is at least one. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1_024 && unit < UNITS.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

const STEPS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A duration in its two largest units, such as "2 h 5 min". Below a second it is given in milliseconds. */
export function durationText(ms: number): string {
  const at = STEPS.findIndex(([, size]) => ms >= size);
  const [first, second] = [STEPS[at], STEPS[at + 1]];
  if (first === undefined) return `${Math.max(0, Math.round(ms))} ms`;
  const [unit, size] = first;
  const rest = second === undefined ? 0 : Math.floor((ms % size) / second[1]);
  return `${Math.floor(ms / size)} ${unit}${rest > 0 && second !== undefined ? ` ${rest} ${second[0]}` : ''}`;
}

const RATE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** Something a second, with one digit after the point below 100: "12.5/s". */
export function rateText(perSecond: number): string {
  return `${perSecond < 100 ? RATE.format(perSecond) : countText(Math.round(perSecond))}/s`;
}

/** Milliseconds, with one digit after the point below 10: "2.5 ms". */
export function millisecondsText(ms: number): string {
  return `${ms < 10 ? RATE.format(ms) : countText(Math.round(ms))} ms`;
}
