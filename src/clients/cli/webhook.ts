import { createHmac, randomBytes } from 'node:crypto';
import type { HubEvent } from '../sdk/item.ts';
import { UsageError } from './errors.ts';

/** Where events are sent, and how they are signed. */
export interface Webhook {
  readonly url: URL;
  /** The secret of Standard Webhooks: `whsec_` and 24 to 64 bytes as base64. */
  readonly secret: string;
  /** How long the receiver may take to answer, in milliseconds. */
  readonly timeoutMs: number;
}

const PREFIX = 'whsec_';
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

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

export function newSecret(): string {
  return PREFIX + randomBytes(MIN_SECRET_BYTES).toString('base64');
}

/** @throws UsageError */
export function checkedSecret(secret: string): string {
  const { length } = keyOf(secret);
  const isUsable = secret.startsWith(PREFIX) && length >= MIN_SECRET_BYTES && length <= MAX_SECRET_BYTES;
  if (isUsable) return secret;
  throw new UsageError(
    `The secret is not usable. Expected ${PREFIX} and ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes as base64, as Standard Webhooks says.`,
  );
}

/** @throws UsageError */
export function checkedReceiver(text: string): URL {
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
function webhookId({ id, time, type, action, key }: HubEvent): string {
  return id ?? `${time}.${type}.${action}.${key}`.replaceAll(/[^\w.-]/g, '_');
}

/**
 * Posts an event as it came, signed as Standard Webhooks says, and resolves with the status of the answer.
 * @throws WebhookError
 */
export async function deliver({ url, secret, timeoutMs }: Webhook, event: HubEvent): Promise<number> {
  const id = webhookId(event);
  const timestamp = `${Math.floor(Date.now() / 1_000)}`;
  const signature = createHmac('sha256', keyOf(secret))
    .update(`${id}.${timestamp}.${event.text}`)
    .digest('base64');
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
        'webhook-signature': `v1,${signature}`,
      },
    });
  } catch (cause) {
    const { cause: inner } = cause as Error;
    const fault = inner instanceof Error ? inner.message || String(inner) : (cause as Error).message;
    throw new WebhookError(`no answer: ${fault}`, undefined, 0, { cause });
  }
  await response.body?.cancel();
  const { status, ok } = response;
  if (ok) return status;
  throw new WebhookError(`the answer was ${status}`, status, retryAfterMs(response));
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}

function retryAfterMs({ headers }: Response): number {
  const seconds = Number(headers.get('Retry-After') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
