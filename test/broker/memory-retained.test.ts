import { describe, expect, it } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { Retention } from '../../src/model/retention.ts';
import { ManualClock } from '../support/clock.ts';
import { line, objects, RULES, value, query } from './retained-contract.ts';

async function start(maxRetainedBytes = 268_435_456): Promise<{ broker: MemoryBroker; clock: ManualClock }> {
  const clock = new ManualClock();
  const bounds = { maxEvents: 10, maxBytes: 268_435_456, maxAgeMs: 60_000 };
  const retention = new Retention([...RULES, { pattern: 'metrics.sample.*', last: 1_000 }]);
  const broker = new MemoryBroker({ clock, bounds, retention, maxRetainedBytes });
  await broker.start(() => false);
  return { broker, clock };
}

describe('what a memory broker retains', () => {
  it('is still there when the log has trimmed the event', async () => {
    const { broker, clock } = await start();
    await broker.publish([line('web', 1), value('save', 'a', 1)]);
    clock.advance(1_000_000);
    expect(await objects(broker, query('container.log', 'web', 9))).toEqual([1]);
    expect((await broker.latestOf('machines', 'a'))?.object).toEqual(1);
  });

  it('drops a tail when the TTL of its rule has passed since its last event', async () => {
    const { broker, clock } = await start();
    const log = query('deployment.log', '7', 9);
    await broker.publish([{ ...line('7', 1), type: 'deployment' }]);
    clock.advance(59_999);
    await broker.publish([{ ...line('7', 2), type: 'deployment' }]);
    clock.advance(59_999);
    expect(await objects(broker, log)).toEqual([1, 2]);
    clock.advance(1);
    expect(await objects(broker, log)).toEqual([]);
    await broker.publish([{ ...line('7', 3), type: 'deployment' }]);
    expect(await objects(broker, log)).toEqual([3]);
  });

  it('is limited to the ten thousand lists that were written to last, one for each key and one for the last change', async () => {
    const { broker } = await start();
    await broker.publish([value('save', 'old', 1), line('web', 1)]);
    for (let i = 0; i < 9_998; i++) await broker.publish([value('save', `${i}`, i)]);
    await broker.publish([line('web', 2), value('save', 'one more', 1)]);
    expect((await broker.latest('machines')).total).toBe(9_998);
    expect(await broker.latestOf('machines', 'old')).toBeUndefined();
    expect(await objects(broker, query('container.log', 'web', 9))).toEqual([1, 2]);
  });

  it('stays within its byte limit, for one key and for many, and counts what was evicted', async () => {
    const { broker } = await start(64 * 1024 * 1024);
    const object = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 80; i++)
      await broker.publish([{ type: 'metrics', action: 'sample', key: 'a', object }]);
    expect(await objects(broker, query('metrics.sample', 'a', 1_000))).toHaveLength(63);
    for (let i = 0; i < 80; i++) await broker.publish([value('save', `${i}`, object)]);
    expect(await objects(broker, query('metrics.sample', 'a', 1_000))).toHaveLength(0);
    const keys = (await broker.latest('machines')).events.map(({ key }) => key);
    // The last change of the type counts beside the latest of its key.
    expect(keys).toEqual(Array.from({ length: 62 }, (_, i) => `${i + 18}`));
    expect(broker.brokerStats.retainedGone).toBe(1 + 18);
    expect(broker.brokerStats.heldBytes.retained).toBeGreaterThan(63 * 1024 * 1024);
    expect(broker.brokerStats.heldBytes.retained).toBeLessThanOrEqual(64 * 1024 * 1024);
  });
});
