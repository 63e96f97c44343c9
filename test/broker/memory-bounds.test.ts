import { describe, expect, it } from 'vitest';
import { IDEMPOTENCY_MS } from '../../src/model/idempotency.ts';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { systemClock, type Clock } from '../../src/model/clock.ts';
import { START } from '../../src/model/cursor.ts';
import { ManualClock } from '../support/clock.ts';
import { all, event } from './contract.ts';
import { Recorder } from './recorder.ts';
import { once } from '../support/once.ts';

const BOUNDS = { maxEvents: 100, maxBytes: 268_435_456, maxAgeMs: 60_000 };

async function started(clock: Clock = new ManualClock(), bounds = BOUNDS) {
  const broker = new MemoryBroker({ clock, bounds });
  const recorder = new Recorder();
  await broker.start(recorder.hear);
  const kept = async (): Promise<string[]> => (await all(broker.after(START))).map(({ key }) => key);
  return { broker, recorder, kept };
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));

describe('a memory broker', () => {
  it('refuses a whole list when one of its events is too big', async () => {
    const broker = new MemoryBroker({ clock: new ManualClock(), bounds: BOUNDS, maxEventBytes: 1_000 });
    await broker.start(new Recorder().hear);
    const big = { ...event('big'), object: 'x'.repeat(1_000) };
    await expect(broker.publish([event('small'), big])).rejects.toMatchObject({ code: 'event_too_big' });
    expect(await all(broker.after(START))).toEqual([]);
  });
});

describe('the log of a memory broker', () => {
  it('never holds more events than its limit', async () => {
    const { broker, kept } = await started();
    for (let i = 0; i < 350; i++) {
      await broker.publish([event(`${i}`)]);
      expect(await kept()).toEqual(range(Math.max(0, i - 99), i + 1));
    }
  });

  it('keeps the end of a list that is longer than the log, and delivers the whole list', async () => {
    const { broker, recorder, kept } = await started();
    await broker.publish(range(0, 1_000).map(event));
    expect(recorder.keys).toEqual(range(0, 1_000));
    expect(await kept()).toEqual(range(900, 1_000));
  });

  it('drops an event when its age is reached, also when nothing new is published', async () => {
    const clock = new ManualClock();
    const { broker, kept } = await started(clock);
    await broker.publish([event('1')]);
    clock.advance(30_000);
    await broker.publish([event('2')]);
    clock.advance(30_000);
    expect(await kept()).toEqual(['1', '2']);
    clock.advance(1);
    expect(await kept()).toEqual(['2']);
    clock.advance(30_000);
    expect(await kept()).toEqual([]);
    const [third] = await broker.publish([event('3')]);
    expect(await all(broker.after(START))).toMatchObject([{ key: '3', id: third }]);
  });

  it('can be trimmed while it is read: no event comes twice or out of order', async () => {
    const { broker } = await started(new ManualClock(), {
      maxEvents: 1_500,
      maxBytes: 268_435_456,
      maxAgeMs: 60_000,
    });
    await broker.publish(range(0, 1_500).map(event));
    const read: number[] = [];
    for await (const { key } of broker.after(START)) {
      read.push(Number(key));
      if (read.length === 10) await broker.publish(range(1_500, 2_700).map(event));
    }
    expect(read).toEqual(range(0, 500).concat(range(1_200, 2_700)).map(Number));
  });
});

describe('a memory broker', () => {
  it('assigns rising ids when the clock stands still or is set back', async () => {
    let now = 1_000;
    const { broker } = await started({ ...systemClock, now: () => now });
    const ids = await broker.publish([event('1'), event('2')]);
    now = 500;
    ids.push(...(await broker.publish([event('3')])));
    now = 1_001;
    ids.push(...(await broker.publish([event('4')])));
    expect(ids).toEqual(['1000-0', '1000-1', '1000-2', '1001-0']);
  });

  it('fills in the time of its clock where an event has none', async () => {
    const { broker, recorder } = await started(new ManualClock('2025-01-15T10:30:00.500Z'));
    const [id] = await broker.publish([event('1')]);
    expect(id).toBe(`${Date.parse('2025-01-15T10:30:00.500Z')}-0`);
    expect(recorder.events).toMatchObject([{ time: '2025-01-15T10:30:00.500Z' }]);
  });

  it('keeps the order when the delivery of an event publishes another', async () => {
    const broker = new MemoryBroker({ clock: new ManualClock(), bounds: BOUNDS });
    const heard: string[] = [];
    await broker.start(({ key }) => {
      heard.push(key);
      if (key.length < 3) void broker.publish([event(`${key}'`)]);
      return true;
    });
    await broker.publish([event('a'), event('b')]);
    await expect.poll(() => heard).toEqual(['a', 'b', "a'", "b'", "a''", "b''"]);
    expect((await all(broker.after(START))).map(({ key }) => key)).toEqual(heard);
  });

  it('remembers an idempotency key for five minutes', async () => {
    const clock = new ManualClock();
    const { broker, kept } = await started(clock, {
      maxEvents: 100,
      maxBytes: 268_435_456,
      maxAgeMs: 2 * IDEMPOTENCY_MS,
    });
    const first = await broker.publish([event('1')], once('key'));
    clock.advance(IDEMPOTENCY_MS - 1);
    expect(await broker.publish([event('2')], once('key'))).toEqual(first);
    clock.advance(1);
    expect(await broker.publish([event('3')], once('key'))).not.toEqual(first);
    expect(await kept()).toEqual(['1', '3']);
  });

  it('remembers the latest ten thousand idempotency keys', async () => {
    const { broker } = await started();
    const first = await broker.publish([event('x')], once('0'));
    const second = await broker.publish([event('x')], once('1'));
    for (let i = 2; i <= 10_000; i++) await broker.publish([event('x')], once(`${i}`));
    expect(await broker.publish([event('x')], once('1'))).toEqual(second);
    expect(await broker.publish([event('x')], once('0'))).not.toEqual(first);
  });
});
