import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/model/clock.ts';
import { byNumber } from '../../src/sources/positions.ts';
import { SourcePublisher } from '../../src/sources/publisher.ts';
import type { SourceEvent, Unit, UnitOptions } from '../../src/sources/source.ts';
import { ScriptedHub, type Fate } from './scripted-hub.ts';

const WAITS_AT_MOST = 1_024;

interface Stage {
  readonly hub: ScriptedHub;
  readonly publisher: SourcePublisher;
  readonly notes: string[];
  readonly fatal: unknown[];
  readonly stop: () => void;
  /** Lets the clock of the source go on, without any timer. */
  readonly skip: (ms: number) => void;
}

function stage(hub = new ScriptedHub()): Stage {
  const notes: string[] = [];
  const fatal: unknown[] = [];
  const controller = new AbortController();
  let skipped = 0;
  const publisher = new SourcePublisher({
    name: 'test',
    session: hub,
    checkpoints: hub,
    gate: { pass: (request) => request() },
    signal: controller.signal,
    clock: { ...systemClock, now: () => Date.now() + skipped },
    note: (line) => notes.push(line),
    fatal: (error) => fatal.push(error),
  });
  return {
    hub,
    publisher,
    notes,
    fatal,
    stop: () => controller.abort(),
    skip: (ms) => void (skipped += ms),
  };
}

const options = (whenFull: UnitOptions['whenFull'] = 'wait'): UnitOptions => ({
  patterns: ['app.log.web'],
  whenFull,
});
const event = (n: number, more: Partial<SourceEvent> = {}): SourceEvent => ({
  type: 'app',
  action: 'log',
  key: 'web',
  object: n,
  at: String(n),
  ...more,
});
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

async function publishAll(unit: Unit, events: readonly SourceEvent[]): Promise<void> {
  for (const each of events) await unit.publish(each);
  await unit.flush();
}

describe('a unit of a source', () => {
  it('publishes its events in order, with the position of each and how many had the same before', async () => {
    const { hub, publisher } = stage();
    await publishAll(publisher.unit('web', options()), [
      event(1, { at: 'a' }),
      event(2, { at: 'a', metadata: { more: true } }),
      event(3, { at: 'b' }),
    ]);
    expect(hub.log.map(({ object, metadata }) => [object, metadata])).toEqual([
      [1, { source: { name: 'test', unit: 'web', at: 'a', n: 0 } }],
      [2, { more: true, source: { name: 'test', unit: 'web', at: 'a', n: 1 } }],
      [3, { source: { name: 'test', unit: 'web', at: 'b', n: 0 } }],
    ]);
    expect(hub.keys).toEqual(['test:web:a:0']);
  });

  it('sends a list again under its key until it is taken, and goes on in order', async () => {
    const { hub, publisher } = stage();
    hub.fates.push('unavailable', 'taken, answer lost', 'lost', 'taken');
    await publishAll(
      publisher.unit('web', options()),
      numbers(600).map((n) => event(n)),
    );
    expect(hub.objects).toEqual(numbers(600));
    expect(publisher.counts).toMatchObject({ taken: 600, published: 600, repeated: 3 });
  });

  it('reads how much of a list the hub has where the key is too old to tell, and sends only the rest', async () => {
    const { hub, publisher, skip } = stage();
    hub.fates.push('taken, answer lost', 'lost', 'taken');
    const { publish } = hub;
    const posts = { count: 0 };
    Object.assign(hub, {
      publish: (body: string, key: string) => {
        if (++posts.count === 2) {
          hub.forgetKeys();
          skip(271_000);
        }
        return publish(body, key);
      },
    });
    const unit = publisher.unit('web', options());
    await publishAll(
      unit,
      numbers(5).map((n) => event(n)),
    );
    await publishAll(
      unit,
      numbers(5, 5).map((n) => event(n)),
    );
    expect(hub.objects).toEqual(numbers(10));
    expect(publisher.counts).toMatchObject({ taken: 10, published: 10 });
  });

  it('sends only the rest of a list that a killed predecessor began under the same key', async () => {
    const hub = new ScriptedHub();
    const before = stage(hub);
    await publishAll(
      before.publisher.unit('web', options()),
      numbers(3).map((n) => event(n)),
    );
    // This source looked for its position before the list of the other one was taken.
    const { publisher } = stage(hub);
    await publishAll(
      publisher.unit('web', options()),
      numbers(5).map((n) => event(n)),
    );
    expect(hub.objects).toEqual(numbers(5));
  });

  it('loses only what the hub refuses, and says what that is and why', async () => {
    const { hub, publisher, notes } = stage();
    const events = numbers(300).map((n) => event(n, n % 100 === 37 ? { key: hub.forbiddenKey } : {}));
    await publishAll(publisher.unit('web', options()), events);
    expect(hub.objects).toEqual(numbers(300).filter((n) => n % 100 !== 37));
    expect(publisher.counts).toMatchObject({ taken: 300, published: 297, refused: 3 });
    expect(notes).toEqual(['the hub refused app.log.forbidden: No grant.']);
  });

  it('takes each name once at a time', async () => {
    const { publisher } = stage();
    const unit = publisher.unit('web', options());
    expect(() => publisher.unit('web', options())).toThrow('The unit "web" is open already');
    await unit.close();
    expect(() => publisher.unit('web', options())).not.toThrow();
  });
});

describe('a unit that resumes', () => {
  const first = [event(1, { at: '1' }), event(2, { at: '1' }), event(3, { at: '2' }), event(4, { at: '2' })];
  const later = [event(5, { at: '2' }), event(6, { at: '3' })];

  it('passes over what the hub has, by counting the events of its last position', async () => {
    const { hub, publisher } = stage();
    await publishAll(publisher.unit('web', options()), first);
    const next = stage(hub);
    const unit = next.publisher.unit('web', options());
    expect(await unit.resume()).toEqual({ at: '2', n: 1 });
    await publishAll(unit, [...first.slice(2), ...later]);
    expect(hub.objects).toEqual([1, 2, 3, 4, 5, 6]);
    expect(hub.log.map(({ metadata: { source } }) => [source.at, source.n]).slice(4)).toEqual([
      ['2', 2],
      ['3', 0],
    ]);
    expect(next.publisher.counts).toMatchObject({ taken: 4, known: 2, published: 2 });
  });

  it('passes over what comes before its last position, where positions have an order', async () => {
    const { hub, publisher } = stage();
    await publishAll(publisher.unit('web', options()), first);
    const unit = stage(hub).publisher.unit('web', { ...options(), order: byNumber });
    await unit.resume();
    await publishAll(unit, [...first, ...later]);
    expect(hub.objects).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('has no position where the hub has nothing of it', async () => {
    expect(await stage().publisher.unit('web', options()).resume()).toBeUndefined();
  });
});

describe('a unit without room', () => {
  const away = (count: number): Fate[] => Array.from({ length: count }, () => 'unavailable');

  it('that waits lets its publisher go on only once there is room, and loses nothing', async () => {
    const { hub, publisher } = stage();
    hub.fates.push(...away(200));
    const unit = publisher.unit('web', options('wait'));
    let most = 0;
    for (const n of numbers(3_000)) {
      await unit.publish(event(n));
      most = Math.max(most, publisher.waiting.events);
    }
    await unit.flush();
    expect(hub.objects).toEqual(numbers(3_000));
    // The list that is being sent waits as well.
    expect(most).toBeLessThanOrEqual(WAITS_AT_MOST + 256);
    expect(publisher.waiting).toEqual({ events: 0, bytes: 0 });
  });

  it('that drops the oldest says at their place how many it left out, and from where to where', async () => {
    const { hub, publisher } = stage();
    hub.fates.push('unavailable');
    const unit = publisher.unit('web', options('drop-oldest'));
    await unit.publish(event(0));
    await expect.poll(() => hub.keys.length).toBeGreaterThan(0);
    // All in one turn, while the first list is under way.
    const published = numbers(2_000, 1).map((n) => unit.publish(event(n)));
    await Promise.all(published);
    await unit.flush();
    const gapAt = hub.log.findIndex(({ action }) => action === 'gap');
    const { object, key, type, metadata } = hub.log[gapAt] ?? {};
    const left = (object as { dropped: number }).dropped;
    expect({ type, key, object }).toEqual({
      type: 'app',
      key: 'web',
      object: { dropped: 2_000 - WAITS_AT_MOST, from: '1', to: String(left) },
    });
    expect(metadata?.source.at).toBe(String(left));
    expect(hub.objects.toSpliced(gapAt, 1)).toEqual([0, ...numbers(WAITS_AT_MOST, left + 1)]);
    expect(publisher.counts).toMatchObject({ taken: 2_001, dropped: left });
  });

  it('of samples keeps only the newest one', async () => {
    const { hub, publisher } = stage();
    hub.fates.push('unavailable');
    const unit = publisher.unit('web', options('newest'));
    await unit.publish(event(0));
    await expect.poll(() => hub.keys.length).toBeGreaterThan(0);
    await Promise.all(numbers(100, 1).map((n) => unit.publish(event(n))));
    await unit.flush();
    expect(hub.objects).toEqual([0, 100]);
  });

  it('takes nothing more once the source is to end', async () => {
    const { hub, publisher, stop } = stage();
    hub.fates.push(...away(100_000));
    const unit = publisher.unit('web', options('wait'));
    const publishing = (async () => {
      for (let n = 0; ; n++) await unit.publish(event(n));
    })();
    await expect.poll(() => publisher.waiting.events).toBeGreaterThanOrEqual(WAITS_AT_MOST);
    stop();
    await expect(publishing).rejects.toThrow('aborted');
    hub.fates.length = 0;
    await publisher.flush();
    expect(hub.objects).toEqual(numbers(publisher.counts.taken));
  });
});

it('the counts of a source add up to what it has taken, and the log has it in order, whatever becomes of the publishes', async () => {
  const fates: readonly Fate[] = ['taken', 'taken, answer lost', 'lost', 'unavailable'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...fates), { maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 400 }),
      async (script, permitted) => {
        const { hub, publisher, fatal } = stage();
        hub.fates.push(...script);
        const events = permitted.map((isPermitted, n) =>
          event(n, isPermitted ? {} : { key: hub.forbiddenKey }),
        );
        await publishAll(publisher.unit('web', options()), events);
        const { taken, published, refused, dropped, known } = publisher.counts;
        expect(fatal).toEqual([]);
        expect(taken).toBe(published + refused + dropped + known);
        expect(hub.objects).toEqual(permitted.flatMap((isPermitted, n) => (isPermitted ? [n] : [])));
      },
    ),
    { numRuns: 15 },
  );
});
