import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { settled, startHub, type TestConnection } from '../support/connection.ts';
import { begin, briefly, RUNNING } from './mist-helpers.ts';

const CONTAINER = { type: 'container', key: '7' };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a stream of samples', () => {
  const sample = (cpuUsage: number): Partial<NewEvent> => ({
    type: 'metrics',
    action: 'sample',
    key: 'system',
    object: { cpuUsage, memory: { used: 1, total: 2 }, disk: [] },
  });
  const usages = (client: TestConnection): number[] =>
    client.takeTexts().map((text) => (JSON.parse(text) as { cpu: { usage: number } }).cpu.usage);

  it('begins with the last sample, and then sends the newest sample of each second', async () => {
    const world = await startHub();
    world.broker.append(sample(0));
    const client = await begin(world, '/ws/metrics');
    expect(usages(client)).toEqual([0]);
    world.publish(sample(1));
    expect(usages(client)).toEqual([1]);
    for (const n of upTo(9)) {
      world.clock.advance(100);
      world.publish(sample(1 + n));
    }
    expect(usages(client)).toEqual([]);
    world.clock.advance(100);
    world.clock.turn();
    expect(usages(client)).toEqual([10]);
    world.clock.advance(5_000);
    world.clock.turn();
    expect(usages(client)).toEqual([]);
    expect(world.hub.stats.total.conflated).toBe(8);
  });

  it('is about the host that the client names', async () => {
    const world = await startHub();
    const client = await begin(world, '/ws/metrics?host=db.example.com');
    world.publish(sample(1));
    world.publish({ ...sample(2), key: 'db.example.com' });
    expect(usages(client)).toEqual([2]);
  });

  it("reaches Mist's dashboard as bare samples, without any other message", async () => {
    const world = await startHub();
    const client = await begin(world, '/api/ws/stats');
    client.send('{"command":"dance"}');
    client.sendBinary();
    world.publish({ ...sample(1), object: { cpuUsage: 'high' } });
    world.publish(sample(2));
    const [first, ...more] = client.takeTexts();
    expect(JSON.parse(first ?? '')).toMatchObject({ cpuUsage: 2, disk: [], loadAverage: { oneMinute: 0 } });
    expect(more).toEqual([]);
  });

  it('of a container sends the status, then the newest sample of each second, and ends with the container at once', async () => {
    const world = await startHub();
    const stats = (cpu: number): Partial<NewEvent> => ({
      ...CONTAINER,
      action: 'stats',
      object: Object.fromEntries([
        ['cpu_percent', cpu],
        ...['memory_used', 'memory_limit', 'network_rx', 'network_tx', 'block_read', 'block_write'].map(
          (name) => [`${name}_mb`, 1] as const,
        ),
        ['memory_percent', 1],
        ['pids', 1],
      ]),
    });
    world.broker.append(RUNNING);
    world.broker.append(stats(1));
    const client = await begin(world, '/api/ws/container/stats?appId=7');
    expect(briefly(client)).toEqual(['status running', 'stats 1']);
    for (const n of [2, 3, 4]) world.publish(stats(n));
    expect(briefly(client)).toEqual(['stats 2']);
    world.publish({ ...CONTAINER, action: 'end', object: null });
    world.clock.advance(0);
    await settled();
    expect(briefly(client)).toEqual(['stats 4', 'end']);
    expect(client.transport.closed?.code).toBe(1000);
  });
});
