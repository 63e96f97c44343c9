/** Matches `2025-01-15T10:30:00.123456789Z`: date, time, optional fraction, zone. */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** What Go writes for a time that was never set; drpcli sends it when its user states none. */
const GO_ZERO_TIME = '0001-01-01T00:00:00Z';

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isGoZeroTime(text: string): boolean {
  return text === GO_ZERO_TIME;
}

/**
 * Whether a text is RFC 3339 that Go's `time.Parse` accepts in the form that {@link goTime} gives it. A Go client
 * drops an event whose time it cannot parse.
 */
export function isRfc3339(text: string): boolean {
  const match = RFC3339.exec(text);
  if (match === null) return false;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers;
  if (month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  if (month === 2 && day === 29 && !isLeap(year)) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  const zone = match[8] ?? '';
  return zone.length === 1 || (Number(zone.slice(1, 3)) <= 24 && Number(zone.slice(4)) <= 59);
}

/**
 * An RFC 3339 time as Go's RFC3339Nano writes it: at most nine digits of fraction, trailing zeros cut,
 * `Z` for an offset of zero.
 */
export function goTime(text: string): string {
  const match = RFC3339.exec(text);
  if (match === null) return text;
  const fraction = (match[7] ?? '').slice(0, 9).replace(/0+$/, '');
  const zone = (match[8] ?? 'Z').toUpperCase();
  const utc = zone === 'Z' || zone === '+00:00' || zone === '-00:00';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}${fraction && `.${fraction}`}${utc ? 'Z' : zone}`;
}

/** Whole seconds or milliseconds since 1970, from 1973 on, since fewer digits may be a year or a mistake. */
const SECONDS = /^[1-9]\d{8,9}$/;
const MILLISECONDS = /^[1-9]\d{11,12}$/;
const LEAP_SECOND = /:60(?=[.Zz+-])/;

/**
 * The moment that a text names, in milliseconds since 1970; `undefined` where it names none. It accepts RFC 3339 and
 * some more: a space for the `T`, as section 5.6 allows, or for the `+` of the zone, as URLs turn it into; a leap
 * second, as the end of the second before; and whole seconds or milliseconds since 1970, which shells can produce.
 */
export function momentOf(text: string): number | undefined {
  if (SECONDS.test(text)) return Number(text) * 1_000;
  if (MILLISECONDS.test(text)) return Number(text);
  const normalized = text
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/ (\d\d:\d\d)$/, '+$1')
    .toUpperCase();
  const isLeapSecond = LEAP_SECOND.test(normalized);
  // V8 misreads fractions of ten digits and more.
  const plain = isLeapSecond
    ? normalized.replace(/:60(?:\.\d+)?/, ':59.999')
    : normalized.replace(/(\.\d{3})\d+/, '$1');
  if (!isRfc3339(plain)) return undefined;
  const ms = Date.parse(plain);
  if (Number.isNaN(ms)) return undefined;
  // A leap second is only valid at the end of a day in UTC.
  return isLeapSecond && (ms + 1) % 86_400_000 !== 0 ? undefined : ms;
}

type SixNumbers = [number, number, number, number, number, number];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
