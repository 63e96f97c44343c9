import { isUtf8 } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import type { Session } from '../../clients/cli/session.ts';
import { HubError } from '../../clients/sdk/errors.ts';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { hubFault, isPassing } from '../hub-fault.ts';
import type { Health } from '../source.ts';
import { checkedJson, scalarOf, valueAt } from './body.ts';
import { refuse } from './checks.ts';
import type { Accepted, Head } from './hook-server.ts';
import { Refusal } from './refusal.ts';

const REMEMBERED_MAX = bound(
  'deliveries of which a webhook source knows that it has published them',
  10_000,
  'entries',
  'the oldest is forgotten, and a repetition of it is published again',
);
const REMEMBERED_MS = bound(
  'time for which a webhook source knows a delivery',
  86_400_000,
  'ms',
  'a repetition is then published again',
);
const PUBLISH_MS = bound(
  'time for the hub to accept a delivery of a webhook source',
  10_000,
  'ms',
  'the sender is answered with 503, and tries again',
);
const RETRY_AFTER_S = 5;

export interface HookReceiverOptions {
  /** The name of the source. */
  readonly name: string;
  readonly session: Pick<Session, 'publish'>;
  readonly health: Health;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

interface Known extends Pick<Accepted, 'id'> {
  readonly at: number;
}

/** Publishes deliveries, each once, and answers only when the hub has accepted it. */
export class HookReceiver {
  readonly #options: HookReceiverOptions;
  /** The deliveries that the hub has accepted, oldest first, by hook and id. */
  readonly #known = new Map<string, Known>();

  constructor(options: HookReceiverOptions) {
    this.#options = options;
  }

  /** Checks the head of a delivery, and returns what becomes of its body. @throws Refusal */
  begin({ hook, headers }: Head): (body: Buffer) => Promise<Accepted> {
    const { name, check, options } = hook;
    const { fits, id } = check.announced(headers, options, this.#options.clock.now());
    return async (body) => {
      if (!fits(body)) refuse();
      const json = jsonOf(body);
      const deliveryId = id ?? (check.idInBody && scalarOf(valueAt(json, [check.idInBody])));
      const known = this.#recall(name, deliveryId);
      if (known !== undefined) return { id: known.id, isRepeated: true };
      const delivered = { hook: name, headers, body: json };
      const topic = hook.topic(delivered);
      const source = {
        name: this.#options.name,
        hook: name,
        ...(deliveryId !== undefined && { at: deliveryId }),
      };
      const event = `{${fieldsOf(topic)},"object":${hook.object(delivered)},"metadata":${JSON.stringify({ source })}}`;
      const accepted = await this.#publish(event, keyOf(name, deliveryId));
      this.#remember(name, deliveryId, accepted.id);
      return accepted;
    };
  }

  async #publish(json: string, key: string): Promise<Accepted> {
    const { session, health, clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.after(PUBLISH_MS, () => late.abort());
    try {
      const [id = ''] = await session.publish(json, key, { signal: late.signal });
      health.caughtUp('hub');
      return { id, isRepeated: false };
    } catch (cause) {
      if (hubFault(cause) === 'reused') return { id: undefined, isRepeated: true };
      throw this.#refusalOf(cause, late.signal.aborted);
    } finally {
      cancel();
    }
  }

  #refusalOf(cause: unknown, isLate: boolean): Refusal {
    const { health } = this.#options;
    const { message } = cause as Error;
    if (cause instanceof HubError && cause.code === 'event_too_big')
      return new Refusal(413, `The hub takes no event of this size: ${message}`);
    if (cause instanceof HubError && cause.code !== 'forbidden' && hubFault(cause) === 'refused')
      return new Refusal(422, `The hub takes no such event: ${message}`);
    // A token that the hub does not accept is no matter of the sender, who tries again until an operator has mended it.
    health.behind('hub', isLate ? `It did not answer within ${PUBLISH_MS} ms.` : message);
    const what =
      isLate || isPassing(cause) ? 'cannot be reached now' : 'does not accept events of this source';
    return new Refusal(503, `The hub ${what}. Expected the same delivery again later.`, {
      retryAfterS: RETRY_AFTER_S,
      cause,
    });
  }

  #recall(hook: string, id: string | undefined): Known | undefined {
    if (id === undefined) return undefined;
    const key = keyOf(hook, id);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (this.#options.clock.now() - known.at < REMEMBERED_MS) return known;
    this.#known.delete(key);
    return undefined;
  }

  #remember(hook: string, deliveryId: string | undefined, id: string | undefined): void {
    if (deliveryId === undefined) return;
    this.#known.set(keyOf(hook, deliveryId), { id, at: this.#options.clock.now() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The idempotency key at the hub, of a length that does not depend on the sender. */
function keyOf(hook: string, id: string | undefined): string {
  if (id === undefined) return randomUUID();
  return `webhook:${createHash('sha256').update(`${hook}\n${id}`).digest('base64url')}`;
}

/** @throws Refusal */
function jsonOf(body: Buffer): string {
  if (!isUtf8(body)) throw new Refusal(400, 'The body is not UTF-8. Expected JSON in UTF-8.');
  try {
    return checkedJson(body.toString());
  } catch (cause) {
    throw new Refusal(400, (cause as Error).message, { cause });
  }
}

function fieldsOf(topic: object): string {
  return JSON.stringify(topic).slice(1, -1);
}
