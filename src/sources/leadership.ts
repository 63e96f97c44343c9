import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Gauge } from 'prom-client';
import { UsageError } from '../clients/cli/errors.ts';
import type { Session } from '../clients/cli/session.ts';
import { delayMs } from '../clients/sdk/backoff.ts';
import { HubError } from '../clients/sdk/errors.ts';
import { bound } from '../model/bound.ts';
import { within } from '../model/clock.ts';
import { isPassing } from './hub-fault.ts';
import { pause } from './pause.ts';
import type { SourceContext, Term } from './source.ts';

const TTL_MS = bound(
  'time to live of the lease by which one of several sources of a name publishes',
  10_000,
  'ms',
  'a source that could not renew it by then publishes nothing more, and another one may take over',
);
const RENEWAL_MS = 3_000;
const TURN_MS = 2_000;
const RELEASE_MS = 2_000;

export interface LeaseTimes {
  readonly ttlMs: number;
  /** So often a source that leads renews the lease. */
  readonly renewalMs: number;
  /** So often a source that waits asks whether it is its turn. */
  readonly turnMs: number;
}

const TIMES: LeaseTimes = { ttlMs: TTL_MS, renewalMs: RENEWAL_MS, turnMs: TURN_MS };

type Parts = Pick<SourceContext, 'name' | 'signal' | 'health' | 'metrics' | 'clock' | 'note'> & {
  readonly session: Pick<Session, 'ask'>;
  readonly random: () => number;
  readonly times?: LeaseTimes;
  /** What the processes are, which is a part of the name of the lease. The default is `source`. */
  readonly of?: 'source' | 'sink';
};

interface Lease {
  readonly fence: number;
  /** When this process stops counting on the lease, by the clock that is never set back. */
  readonly endsAt: number;
}

/** The lease of a name in the hub. Of all sources of this name one holds it and works; the others wait for their turn. */
export class Leadership {
  readonly #parts: Parts;
  readonly #times: LeaseTimes;
  /** Who this process is for the hub. A process that is started again is another one. */
  readonly #holder = `${hostname()}-${randomUUID()}`;
  /** The fence of the last term. */
  #lastFence: number | undefined;
  #isLeading = false;
  #isWaiting = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#times = parts.times ?? TIMES;
  }

  /** Works in one term after the other, until the source is to end. @throws what the work throws, and HubError */
  async lead(work: (term: Term) => Promise<void>): Promise<void> {
    const { metrics, signal, of = 'source' } = this.#parts;
    const isLeading = (): number => Number(this.#isLeading);
    new Gauge({
      name: `belfry_${of}_leading`,
      help: 'Whether this process works, of those that have the same name.',
      registers: [metrics],
      collect() {
        this.set(isLeading());
      },
    });
    while (!signal.aborted) {
      const lease = await this.#turn();
      if (lease !== undefined) await this.#work(lease, work);
    }
  }

  /** Waits until it is the turn of this process. `undefined` when the source is to end before. */
  async #turn(): Promise<Lease | undefined> {
    const { signal, health, clock, random } = this.#parts;
    for (let failures = 0; !signal.aborted;) {
      try {
        const lease = await this.#take();
        if (lease.fence !== this.#lastFence) return lease;
        // What was sent within the last term may still be on its way, and must not count as sent within the next one.
        await this.#release();
      } catch (error) {
        if (signal.aborted) return undefined;
        const isHeld = isLeaseFault(error, 'lease_held');
        if (!isHeld && !isPassing(error)) throw error;
        if (isHeld) this.#waits(error as HubError);
        else health.behind('lease', `The hub gives no lease: ${(error as Error).message}`);
        failures = isHeld ? 0 : failures + 1;
        await pause(clock, isHeld ? this.#times.turnMs : delayMs('backoff', failures, random), signal);
      }
    }
    return undefined;
  }

  #waits({ message }: HubError): void {
    const { health, note, name } = this.#parts;
    // To wait while another one works is what this process is there for.
    health.caughtUp('lease');
    if (!this.#isWaiting)
      note(`another process works as ${name}, and this one waits for its turn: ${message}`);
    this.#isWaiting = true;
  }

  async #work(lease: Lease, work: (term: Term) => Promise<void>): Promise<void> {
    const { signal, health, note, name, clock } = this.#parts;
    if (this.#isWaiting) note(`this process works as ${name} now`);
    this.#isWaiting = false;
    health.caughtUp('lease');
    const over = new AbortController();
    const term: Term = {
      signal: AbortSignal.any([signal, over.signal]),
      lease: { name: leaseOf(this.#parts), fence: lease.fence },
      end: (why) => {
        if (term.signal.aborted) return;
        note(`this process works as ${name} no more: ${why}`);
        over.abort();
      },
    };
    this.#isLeading = true;
    this.#lastFence = lease.fence;
    const renewed = this.#renew(lease, term);
    try {
      await work(term);
    } finally {
      over.abort();
      await renewed;
      this.#isLeading = false;
      const released = this.#release().catch(() => undefined);
      await within(RELEASE_MS, released, clock);
    }
  }

  /** Renews the lease until the term is over. The term ends in time where the hub does not answer. */
  async #renew({ fence, endsAt }: Lease, term: Term): Promise<void> {
    const { clock } = this.#parts;
    const armed = (at: number): (() => void) =>
      clock.after(Math.max(0, at - clock.elapsed()), () =>
        term.end('the lease could not be renewed in time'),
      );
    let disarm = armed(endsAt);
    while (!term.signal.aborted) {
      await pause(clock, this.#times.renewalMs, term.signal);
      if (term.signal.aborted) break;
      try {
        const renewed = await this.#take(term.signal);
        if (renewed.fence !== fence) term.end('the lease had ended');
        disarm();
        disarm = armed(renewed.endsAt);
      } catch (error) {
        if (!isPassing(error)) term.end((error as Error).message);
      }
    }
    disarm();
  }

  async #take(signal = this.#parts.signal): Promise<Lease> {
    const { session, clock } = this.#parts;
    const askedAt = clock.elapsed();
    const path = pathOf(this.#parts, { holder: this.#holder, ttlMs: String(this.#times.ttlMs) });
    const response = await session.ask(path, { method: 'PUT', signal });
    const { fence } = (await response.json()) as { readonly fence: number };
    return { fence, endsAt: askedAt + this.#times.ttlMs };
  }

  /** Lets the next process begin at once. Otherwise it begins when the lease ends. @throws HubError */
  async #release(): Promise<void> {
    const { session } = this.#parts;
    await session.ask(pathOf(this.#parts, { holder: this.#holder }), { method: 'DELETE' });
  }
}

/** The name of the lease. @throws UsageError */
function leaseOf({ name, of = 'source' }: Pick<Parts, 'name' | 'of'>): string {
  if (/^[\w.-]+$/.test(name)) return `${of}:${name}`;
  throw new UsageError(
    `No lease can have the name "${name}". Expected a --name of letters, digits and _ . - for this ${of}.`,
  );
}

function pathOf(of: Pick<Parts, 'name' | 'of'>, query: Readonly<Record<string, string>>): string {
  return `api/v3/leases/${encodeURIComponent(leaseOf(of))}?${new URLSearchParams(query).toString()}`;
}

/** Whether an error of the hub says this of a lease. */
export function isLeaseFault(error: unknown, code: 'lease_held' | 'lease_lost'): boolean {
  return error instanceof HubError && error.code === code;
}
