import { describe, expect, it, onTestFinished } from 'vitest';
import { HubError } from '../../src/clients/sdk/errors.ts';
import type { HubEvent } from '../../src/clients/sdk/item.ts';
import type { Values } from '../../src/clients/sdk/values.ts';
import { systemClock } from '../../src/model/clock.ts';
import { AlwaysWanted, InterestDemand } from '../../src/sources/demand.ts';
import { PartsHealth } from '../../src/sources/health.ts';

const SINCE = '2026-01-15T10:30:00.000Z';
const topic = (key: string) => ({ type: 'container', action: 'log', key });

/** What a hub tells of interest: a list, and then changes, as the client of the SDK gives them. */
class InterestList {
  asked = 0;
  readonly #values = new Map<string, HubEvent>();
  #waiting: ((next: () => Values) => void)[] = [];
  readonly #pending: (() => Values)[] = [];

  readonly list = async function* (this: InterestList): AsyncGenerator<Values> {
    this.asked++;
    for (;;) yield (await this.#next())();
  }.bind(this) as never;

  begin(key: string): void {
    const change = { key, type: 'interest', action: 'begin', time: SINCE, object: {}, text: '' };
    this.#values.set(key, change);
    this.#tell(() => ({ values: this.#values, change }));
  }

  end(key: string): void {
    this.#values.delete(key);
    const change = { key, type: 'interest', action: 'end', time: SINCE, object: {}, text: '' };
    this.#tell(() => ({ values: this.#values, change }));
  }

  /** All is listed again, as after a gap. */
  again(...keys: string[]): void {
    this.#values.clear();
    for (const key of keys)
      this.#values.set(key, { key, type: 'interest', action: 'begin', time: SINCE, object: {}, text: '' });
    this.#tell(() => ({ values: this.#values }));
  }

  fail(error: Error): void {
    this.#tell(() => {
      throw error;
    });
  }

  #tell(next: () => Values): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#pending.push(next);
    else waiting(next);
  }

  #next(): Promise<() => Values> {
    const next = this.#pending.shift();
    return next ? Promise.resolve(next) : new Promise((resolve) => void this.#waiting.push(resolve));
  }
}

function stage() {
  const hub = new InterestList();
  const notes: string[] = [];
  const health = new PartsHealth();
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const demand = new InterestDemand({
    session: { hub },
    clock: systemClock,
    random: () => 0,
    health,
    note: (line) => notes.push(line),
    signal: controller.signal,
  });
  const told: string[] = [];
  const watch = (key: string): (() => void) =>
    demand.watch(topic(key), {
      begin: (since) => told.push(`begin ${key} ${since.toISOString()}`),
      end: () => told.push(`end ${key}`),
    });
  return { hub, notes, health, demand, told, watch };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('what is watched', () => {
  it('is told when somebody begins to listen and when nobody does any more, from what is so at the start on', async () => {
    const { hub, told, watch } = stage();
    watch('a');
    watch('b.c');
    hub.again('container.log.a');
    await turn();
    expect(told.splice(0)).toEqual([`begin a ${SINCE}`]);
    hub.begin('container.log.b.c');
    hub.begin('container.log.other');
    hub.end('container.log.a');
    await turn();
    expect(told.splice(0)).toEqual([`begin b.c ${SINCE}`, 'end a']);
    watch('other');
    expect(told).toEqual([`begin other ${SINCE}`]);
  });

  it('is told nothing more once it is no longer watched', async () => {
    const { hub, told, watch } = stage();
    const unwatch = watch('a');
    hub.again();
    unwatch();
    hub.begin('container.log.a');
    await turn();
    expect(told).toEqual([]);
  });

  it('counts as wanted as long as a topic or a pattern that the hub tells matches it', async () => {
    const { hub, told, watch, demand } = stage();
    watch('a');
    hub.again('container.log.a', 'container.log.*');
    await turn();
    hub.end('container.log.a');
    await turn();
    expect([told, demand.wanted]).toEqual([[`begin a ${SINCE}`], 1]);
    hub.end('container.log.*');
    await turn();
    expect([told.at(-1), demand.wanted]).toEqual(['end a', 0]);
  });

  it('hears only of what changed when all is listed again after a gap', async () => {
    const { hub, told, watch } = stage();
    for (const key of ['a', 'b', 'c']) watch(key);
    hub.again('container.log.a', 'container.log.b');
    await turn();
    told.length = 0;
    hub.again('container.log.b', 'container.log.c');
    await turn();
    expect(told).toEqual([`begin c ${SINCE}`, 'end a']);
  });

  it('stays wanted while the hub is away, and is asked for again', async () => {
    const { hub, told, watch, health } = stage();
    watch('a');
    hub.again('container.log.a');
    await turn();
    hub.fail(new HubError('lost', 'No answer came.'));
    await expect.poll(() => hub.asked).toBe(2);
    expect([told, health.isReady]).toEqual([[`begin a ${SINCE}`], false]);
    hub.again('container.log.a');
    await expect.poll(() => health.isReady).toBe(true);
    expect(told).toEqual([`begin a ${SINCE}`]);
  });

  it('is never wanted where the hub tells no interest, which is said once', async () => {
    const { hub, told, watch, health, notes } = stage();
    watch('a');
    watch('b');
    hub.fail(new HubError('not_found', 'No route'));
    await turn();
    expect([told, health.isReady, hub.asked]).toEqual([[], false, 1]);
    expect(notes).toEqual([
      'The hub does not say what somebody listens to: No route. Nothing is published but with --always. Expected a hub that tells "interest" events.',
    ]);
  });

  it('is wanted from its beginning on with --always', () => {
    const told: string[] = [];
    new AlwaysWanted().watch(topic('a'), {
      begin: (since) => told.push(since.toISOString()),
      end: () => told.push('end'),
    });
    expect(told).toEqual(['1970-01-01T00:00:00.000Z']);
  });
});

it('who follows a kind hears of every key that somebody names, and of no pattern', async () => {
  const { hub, demand } = stage();
  const told: string[] = [];
  demand.follow(
    { type: 'container', action: 'log' },
    { begin: (key) => told.push(`begin ${key}`), end: (key) => told.push(`end ${key}`) },
  );
  hub.again('container.log.a', 'container.log.*', 'container.stats.a');
  await turn();
  hub.begin('container.log.x\\2y');
  hub.end('container.log.a');
  await turn();
  expect(told).toEqual(['begin a', 'begin x,y', 'end a']);
});
