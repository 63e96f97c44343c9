import type { Broker } from '../broker/broker.ts';
import type { Command } from '../dialects/dialect.ts';
import { authorizePublish } from '../model/authorization.ts';
import type { Clock } from '../model/clock.ts';
import type { Cursor } from '../model/cursor.ts';
import type { NewEvent } from '../model/event.ts';
import { digestOf, keyOf, onceOf, OutcomeUnknown, ownKeyOf } from '../model/idempotency.ts';
import type { JsonText } from '../model/json.ts';
import type { Fence } from '../model/lease.ts';
import type { Identity } from '../model/principal.ts';
import type { Connection } from './connection.ts';
import type { Delivery } from './delivery.ts';

export interface PublishingOptions {
  readonly broker: Broker;
  readonly delivery: Pick<Delivery, 'tell'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Reads an event in the format of any dialect. @throws ProtocolError */
  readonly parse: (body: JsonText) => NewEvent;
}

export interface Publishing {
  readonly broker: Broker;
  readonly identity: Identity;
  /** The events as the publisher wrote them. */
  readonly events: readonly NewEvent[];
  /** The events with a trace. If absent, they are published as written. */
  readonly carried?: readonly NewEvent[];
  /** If absent, the events may have one of their own, see {@link ownKeyOf}. */
  readonly idempotencyKey: string | undefined;
  /** The lease under which the events may be published; if absent, they may be in any case. */
  readonly fence?: Fence | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Publishes events as the principal that asks for it, once for each idempotency key. What refuses them before the broker is
 * asked is thrown at once.
 * @throws BelfryError `forbidden`, `unavailable`, `idempotency_key_reused`, `idempotency_key_invalid`,
 * `lease_lost`
 * @throws OutcomeUnknown with the key with which a repetition is not published twice
 */
export function publishAs(publishing: Publishing): Promise<Cursor[]> {
  const { broker, identity, events, carried = events, fence, now } = publishing;
  const idempotencyKey = publishing.idempotencyKey ?? ownKeyOf(events);
  const { principal } = identity;
  const own = authorizePublish(identity, carried);
  const digest = (): string => digestOf(principal, events);
  const once = idempotencyKey === undefined ? undefined : onceOf(idempotencyKey, principal, digest(), now);
  return broker.publish(own, once, fence).catch((error: unknown) => {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new OutcomeUnknown(error.attempt, idempotencyKey ?? keyOf(error.attempt, digest()), error.cause);
  });
}

/** Carries out a command to publish, and answers it with the ids of the events. */
export async function publishFor(
  connection: Connection,
  { ref, events: written, idempotencyKey, fence }: Command & { kind: 'publish' },
  { broker, delivery, clock, parse }: PublishingOptions,
): Promise<void> {
  const { identity } = connection;
  const events = written.map((body) => parse(body));
  const ids = await publishAs({ broker, identity, events, idempotencyKey, fence, now: clock.now() });
  delivery.tell(connection, 'publish', ref, { ids });
}
