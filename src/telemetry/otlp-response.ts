/** Reads the response of an OpenTelemetry collector (OTLP 1.0, OTLP/HTTP). */
import { bound } from '../model/bound.ts';
import { textWithin } from '../model/response-text.ts';

const WAIT_MAX_MS = bound(
  'pause for which a busy collector may ask',
  60_000,
  'ms',
  'it is asked again after that',
);
const ANSWER_MAX = bound('answer of the collector', 65_536, 'bytes', 'the request counts as failed');
/** The collector is too busy, and may say for how long (OTLP 1.0, "OTLP/HTTP Throttling"). */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

/**
 * How long a busy collector wants no requests, given in seconds or as a date (RFC 9110, 10.2.3). The result is
 * `undefined` when the collector is not busy or does not say.
 */
export function retryAfterMs({ status, headers }: Response, now: number): number | undefined {
  if (!BUSY.has(status)) return undefined;
  const header = headers.get('retry-after')?.trim();
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), WAIT_MAX_MS);
}

/** The text of a response. @throws Error for a response that is longer than any collector would write */
export async function textOf(response: Response): Promise<string> {
  const text = await textWithin(response, ANSWER_MAX);
  if (text === undefined) throw new Error(`the collector answered more than ${ANSWER_MAX} bytes`);
  return text;
}

/** How many spans of an accepted request the collector left out (`partialSuccess`). */
export function rejectedIn(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } };
    return Math.max(0, Number(partialSuccess?.rejectedSpans ?? 0) || 0);
  } catch {
    return 0;
  }
}
