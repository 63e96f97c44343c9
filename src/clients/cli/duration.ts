import { Option } from 'commander';
import { UsageError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The longest time that a timer can wait: almost 25 days. */
export const MAX_MS = 2 ** 31 - 1;

/** Milliseconds. @throws UsageError */
export function duration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms > 0 && ms <= MAX_MS) return ms;
  throw new UsageError(
    `"${text}" is no length of time. Expected for example 500ms, 30s, 10m, 2h or 1d; 24d at most.`,
  );
}

/** An option with a length of time, which has this one where it is not given. */
export function durationOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(usual), usual);
}

/** Where to begin: a cursor, a time of RFC 3339, or so long ago, as in `10m`. @throws UsageError */
export function beginning(text: string): string | Date {
  if (/^\d+(?:ms|s|m|h|d)$/.test(text)) return new Date(Date.now() - duration(text));
  if (/^\d+-\d+$/.test(text)) return text;
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new UsageError(
    `"${text}" is no beginning. Expected so long ago, as in 10m; the id of an event; or a time such as 2026-01-15T10:30:00Z.`,
  );
}
