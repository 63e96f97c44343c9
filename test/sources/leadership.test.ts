import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { withHub } from '../../src/clients/cli/command.ts';
import type { Session } from '../../src/clients/cli/session.ts';
import { systemClock } from '../../src/model/clock.ts';
import { PartsHealth } from '../../src/sources/health.ts';
import { Leadership } from '../../src/sources/leadership.ts';
import type { Term } from '../../src/sources/source.ts';
import { startNode, type TestNode } from '../support/node.ts';

/** A request that gets lost on its way. */
function unanswered(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

/** A process that may lead, and the terms in which it did. */
class Candidate {
  readonly terms: Term[] = [];
  readonly notes: string[] = [];
  readonly health = new PartsHealth();
  readonly metrics = new Registry();
  session: Session | undefined;
  requests = 0;
  /** Whether its requests reach the hub. */
  isConnected = true;
  readonly #controller = new AbortController();
  readonly #ended: Promise<void>;

  constructor(node: TestNode, token: string, name: string) {
    this.#ended = withHub({ url: node.url, token }, async (session) => {
      this.session = session;
      const leadership = new Leadership({
        name,
        session: {
          ask: (path, init) => {
            this.requests++;
            return this.isConnected ? session.ask(path, init) : unanswered(init?.signal);
          },
        },
        signal: this.#controller.signal,
        health: this.health,
        metrics: this.metrics,
        clock: systemClock,
        random: () => 0.1,
        note: (line) => void this.notes.push(line),
        times: { ttlMs: 1_000, renewalMs: 200, turnMs: 50 },
      });
      await leadership.lead(async (term) => {
        this.terms.push(term);
        await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve()));
      });
    });
    onTestFinished(() => this.end());
  }

  get leads(): boolean {
    return this.terms.some(({ signal }) => !signal.aborted);
  }

  async end(): Promise<void> {
    this.#controller.abort();
    this.isConnected = true;
    await this.#ended;
  }

  /** Publishes within its first term. */
  publish(key: string): Promise<string[]> {
    const { lease } = this.terms[0]!;
    return this.session!.publish(`[{"type":"led","action":"save","key":"${key}"}]`, key, { lease });
  }
}

async function candidates(count: number): Promise<Candidate[]> {
  const node = await startNode();
  const token = await node.token('source', { publish: ['leases.take.source:one', 'led.*.*'] });
  return Array.from({ length: count }, () => new Candidate(node, token, 'one'));
}

/** Waits until one of them leads. */
async function leaderOf(all: readonly Candidate[]): Promise<[leader: Candidate, other: Candidate]> {
  await expect.poll(() => all.filter(({ leads }) => leads).length).toBe(1);
  const leader = all.find(({ leads }) => leads)!;
  return [leader, all.find((one) => one !== leader)!];
}

describe('of the processes of one source', () => {
  it('one leads, and renews its lease, while the others wait and are ready', async () => {
    const all = await candidates(3);
    const [leader] = await leaderOf(all);
    for (const other of all.filter((one) => one !== leader))
      await expect.poll(() => other.notes).toEqual([expect.stringContaining('waits for its turn')]);
    // By then the lease would have ended without being renewed.
    await expect.poll(() => leader.requests).toBeGreaterThan(7);
    expect(all.filter(({ terms }) => terms.length > 0)).toEqual([leader]);
    expect(leader.terms).toHaveLength(1);
    expect(all.map(({ health }) => health.isReady)).toEqual([true, true, true]);
    expect(await leader.metrics.metrics()).toContain('belfry_source_leading 1');
  });

  it('another one leads as soon as the first one ends', async () => {
    const all = await candidates(2);
    const [leader, other] = await leaderOf(all);
    const before = performance.now();
    await leader.end();
    await expect.poll(() => other.leads).toBe(true);
    expect(performance.now() - before).toBeLessThan(900);
    expect(other.terms[0]!.lease.fence).toBeGreaterThan(leader.terms[0]!.lease.fence);
  });

  it('one that does not reach the hub ends its term in time, and what it publishes later is refused', async () => {
    const all = await candidates(2);
    const [leader, other] = await leaderOf(all);
    expect(await leader.publish('in time')).toHaveLength(1);
    leader.isConnected = false;
    await expect.poll(() => other.leads).toBe(true);
    expect(leader.leads).toBe(false);
    expect(leader.notes.at(-1)).toContain('could not be renewed in time');
    await expect(leader.publish('too late')).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await other.publish('by the other')).toHaveLength(1);
  });

  it('a term that follows one of the same process has another fence, so that nothing of the first one counts in it', async () => {
    const [only] = (await candidates(1)) as [Candidate];
    await expect.poll(() => only.leads).toBe(true);
    only.terms[0]!.end('the test says so');
    await expect.poll(() => only.terms.length).toBe(2);
    expect(only.terms[1]!.lease.fence).toBeGreaterThan(only.terms[0]!.lease.fence);
    await expect(only.publish('too late')).rejects.toMatchObject({ code: 'lease_lost' });
  });

  it('one that may not take the lease ends with the grant that it lacks', async () => {
    const node = await startNode();
    const token = await node.token('source', { publish: ['led.*.*'] });
    const lead = withHub({ url: node.url, token }, (session) =>
      new Leadership({
        name: 'one',
        session,
        signal: new AbortController().signal,
        health: new PartsHealth(),
        metrics: new Registry(),
        clock: systemClock,
        random: Math.random,
        note: vi.fn<() => void>(),
      }).lead(() => Promise.resolve()),
    );
    await expect(lead).rejects.toThrow(/leases\.take\.source:one/);
  });
});
