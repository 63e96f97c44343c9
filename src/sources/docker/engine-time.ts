/**
 * Times of the engine, which count nanoseconds. Here each is written with nine digits and in UTC, so that texts are ordered as
 * the times are.
 */

/**
 * What happens at once gets its times apart from each other, as output and errors of a container do, so that something may follow
 * what is slightly newer. So much is read before a position, in seconds.
 */
export const MARGIN_S = 1;

const FIXED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
const ANY = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** A time of RFC 3339 in this form; `undefined` where the text is none. */
export function fixedTime(text: string): string | undefined {
  if (FIXED.test(text)) return text;
  const [, second = '', fraction = '', zone = ''] = ANY.exec(text) ?? [];
  if (second === '') return undefined;
  return fixedTimeOf(Date.parse(`${second}${zone}`) / 1_000, fraction);
}

/** The time so many whole seconds after the begin of 1970, and the digits of the fraction. */
export function fixedTimeOf(seconds: number, fraction = ''): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, -'.000Z'.length)}.${fraction.padEnd(9, '0')}Z`;
}

/** The time of a `Date`. */
export function fixedTimeOfDate(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000000Z`;
}

/** A time as the engine takes it in `since`: seconds and nanoseconds. It may lie some whole seconds before. */
export function sinceParameter(fixed: string, secondsBefore = 0): string {
  const seconds = Date.parse(`${fixed.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`) / 1_000;
  return `${Math.max(0, seconds - secondsBefore)}.${fixed.slice(-10, -1)}`;
}

/** The time so many whole seconds before. */
export function before(fixed: string, seconds: number): string {
  const [second = '0', fraction = ''] = sinceParameter(fixed, seconds).split('.');
  return fixedTimeOf(Number(second), fraction);
}
