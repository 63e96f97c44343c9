import { createHash, randomUUID } from 'node:crypto';
import { HubError } from '../clients/sdk/errors.ts';
import { bound } from '../model/bound.ts';
import { MAX_IDEMPOTENCY_KEY } from '../model/idempotency.ts';
import { mayBePublished, hubFault } from './hub-fault.ts';
import type { Session } from '../clients/cli/session.ts';
import type { Counts } from './counts.ts';
import type { HubGate } from './hub-gate.ts';
import type { SourceContext, SourcePosition } from './source.ts';
import type { Entry } from './unit-queue.ts';

const REPEATS_MS = bound(
  'time within which a source repeats a list whose outcome is unknown under the same idempotency key',
  270_000,
  'ms',
  'the source first reads from the hub how much of the list was published, and sends only the rest',
);

export interface ListSenderOptions extends Pick<SourceContext, 'name' | 'clock'> {
  readonly session: Pick<Session, 'publish'>;
  readonly gate: Pick<HubGate, 'pass'>;
  readonly unit: string;
  readonly counts: Counts;
  /** The position of the last event of the unit that the hub has. */
  readonly last: () => Promise<SourcePosition | undefined>;
  /** Told that the position cannot be read, so that the list is published as a whole, and perhaps a second time. */
  readonly unreadable: (error: unknown) => undefined;
  /** Told of an event that the hub will never take. */
  readonly refused: (entry: Entry, error: HubError) => void;
}

/** Sends lists of events until the hub has accepted or refused each event, without publishing any of them twice. */
export class ListSender {
  readonly #options: ListSenderOptions;

  constructor(options: ListSenderOptions) {
    this.#options = options;
  }

  /** Resolves once each event is accepted or refused. Rejects with an error after which nothing can be published. */
  async send(list: readonly Entry[]): Promise<void> {
    const { counts, clock, refused } = this.#options;
    let rest = list;
    let key = this.#keyOf(rest);
    let unknownSince: number | undefined;
    while (rest.length > 0) {
      const beganAt = clock.now();
      try {
        await this.#post(rest, key);
        counts.published += rest.length;
        return;
      } catch (error) {
        const fault = hubFault(error);
        if (fault === 'final' || !(error instanceof HubError)) throw error;
        if (fault === 'refused') {
          if (rest.length > 1) return await this.#sendApart(rest);
          counts.refused++;
          return refused(rest[0] as Entry, error);
        }
        counts.repeated++;
        if (mayBePublished(error)) unknownSince ??= beganAt;
        const isForgotten = unknownSince !== undefined && clock.now() - unknownSince > REPEATS_MS;
        if (fault !== 'reused' && !isForgotten) continue;
        rest = await this.#unpublished(rest);
        unknownSince = undefined;
        // Where nothing was published, something else holds the key.
        key = fault === 'reused' ? `${this.#keyOf(rest)}:${randomUUID()}` : this.#keyOf(rest);
      }
    }
  }

  #post(list: readonly Entry[], key: string): Promise<string[]> {
    const { gate, session } = this.#options;
    const body = `[${list.map(({ json }) => json).join()}]`;
    return gate.pass(() => session.publish(body, key));
  }

  /** The hub refuses a list as a whole. Its halves are sent one after the other, so that only the events at fault are refused. */
  async #sendApart(list: readonly Entry[]): Promise<void> {
    const middle = list.length >> 1;
    await this.send(list.slice(0, middle));
    await this.send(list.slice(middle));
  }

  /** What the hub does not have of a list. */
  async #unpublished(list: readonly Entry[]): Promise<readonly Entry[]> {
    const { last, counts, unreadable } = this.#options;
    const found = await last().catch((error: unknown) => unreadable(error));
    const index = list.findIndex(({ position: { at, n } }) => at === found?.at && n === found.n);
    counts.published += index + 1;
    return list.slice(index + 1);
  }

  #keyOf(list: readonly Entry[]): string {
    const { name, unit } = this.#options;
    const [first] = list;
    if (first === undefined) return '';
    const key = `${name}:${unit}:${first.position.at}:${first.position.n}`;
    if (key.length <= MAX_IDEMPOTENCY_KEY - randomUUID().length) return key;
    return createHash('sha256').update(key).digest('base64url');
  }
}
