import { createHash } from 'node:crypto';
import { UsageError } from '../cli/errors.ts';
import type { HubEvent } from '../sdk/item.ts';
import { signatures, type Secrets } from './secrets.ts';

/** Where events are sent, and how they are signed. */
export interface Receiver {
  readonly url: URL;
  readonly secrets: Secrets;
  /** How long the receiver may take to answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** The status with which a receiver says that it wants nothing more. */
export const GONE = 410;
/** The longest time that a receiver may ask to wait, in milliseconds. A longer one counts as this. */
const MAX_PAUSE_MS = 3_600_000;

/** A delivery that was not accepted. */
export class WebhookError extends Error {
  /** The status of the answer, or `undefined` if there was none. */
  readonly status: number | undefined;
  /** How long the receiver asks to wait, in milliseconds. */
  readonly pauseMs: number;

  constructor(message: string, status?: number, pauseMs = 0, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.pauseMs = pauseMs;
  }
}

/** @throws UsageError */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.username !== '' || url.password !== ''))
    throw new UsageError(
      `The URL of ${url.host} holds a password. Expected one without, since the signature says who sends the events.`,
    );
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(
    `"${text}" is no URL to send events to. Expected for example http://localhost:3000/hook.`,
  );
}

/** The id under which a receiver knows that it has an event already. An event that is not in the log has none of its own. */
export function webhookId({ id, text }: HubEvent): string {
  return id ?? `live-${createHash('sha256').update(text).digest('base64url')}`;
}

/**
 * Posts an event as it came, signed as Standard Webhooks says, and resolves with the status of the answer.
 * @throws WebhookError
 */
export async function deliver(
  { url, secrets, timeoutMs }: Receiver,
  event: HubEvent,
  now: number,
): Promise<number> {
  const id = webhookId(event);
  const timestamp = `${Math.floor(now / 1_000)}`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body: event.text,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'Content-Type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures(secrets, id, timestamp, event.text),
      },
    });
  } catch (cause) {
    const { cause: inner } = cause as Error;
    const fault = inner instanceof Error ? inner.message || String(inner) : (cause as Error).message;
    throw new WebhookError(`no answer: ${fault}`, undefined, 0, { cause });
  }
  // A receiver that ends the connection within its answer has answered all the same.
  await response.body?.cancel().catch(() => undefined);
  const { status, ok } = response;
  if (ok) return status;
  throw new WebhookError(`the answer was ${status}`, status, retryAfterMs(response, now));
}

/** `Retry-After` holds seconds or a date. */
function retryAfterMs({ headers }: Response, now: number): number {
  const written = headers.get('Retry-After')?.trim() ?? '';
  const ms = /^\d+$/.test(written) ? Number(written) * 1_000 : Date.parse(written) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_PAUSE_MS);
}
