import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { Grants } from '../../src/model/principal.ts';
import { anIdentity, settled, startHub } from '../support/connection.ts';
import { begin, briefly, RUNNING } from './mist-helpers.ts';

const CONTAINER = { type: 'container', key: '7' };
const DEPLOYMENT = { type: 'deployment', key: '42' };

const line = (of: Partial<NewEvent>, n: number): Partial<NewEvent> => ({
  ...of,
  action: 'log',
  object: { line: `${n}` },
});
const status = (name: string): Partial<NewEvent> => ({
  ...DEPLOYMENT,
  action: 'status',
  object: { status: name },
});
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the end of a stream', () => {
  const streams = [
    ['container.end', '/ws/container/logs?appId=7', 'container.log.7', { ...CONTAINER, action: 'end' }],
    ['container.error', '/ws/container/logs?appId=7', 'container.log.7', { ...CONTAINER, action: 'error' }],
    [
      'container.error',
      '/api/ws/container/stats?appId=7',
      'container.stats.7',
      { ...CONTAINER, action: 'error' },
    ],
    ['deployment.status', '/ws/deployment/logs?deploymentId=42', 'deployment.log.42', status('success')],
    ['system.end', '/api/ws/system/logs', 'system.log.mist', { type: 'system', action: 'end', key: 'mist' }],
  ] as const;

  it.each(streams)(
    'by %s at %s does not come for a client that may receive %s only',
    async (_what, url, grant, end) => {
      const world = await startHub();
      const caller = anIdentity({ subscribe: Grants.parse([grant]) });
      const client = await begin(world, url, undefined, caller);
      world.publish(end);
      world.clock.advance(1_000);
      await settled();
      expect(client.transport.closed).toBeUndefined();
      const late = await begin(world, url, undefined, caller);
      world.clock.advance(1_000);
      await settled();
      expect(late.transport.closed).toBeUndefined();
    },
  );

  it.each(streams)(
    'by %s at %s comes for a client that may receive everything',
    async (_what, url, _grant, end) => {
      const world = await startHub();
      const client = await begin(world, url);
      world.publish(end);
      world.clock.advance(1_000);
      await settled();
      expect(client.transport.closed?.code).toBe(1000);
    },
  );
});

describe("a container's log", () => {
  it('begins with the status and the last hundred lines, and goes on with new lines', async () => {
    const world = await startHub();
    world.broker.append(RUNNING);
    for (const n of upTo(130)) world.broker.append(line(CONTAINER, n));
    const client = await begin(world, '/ws/container/logs?appId=7');
    expect(briefly(client)).toEqual([
      'status running',
      ...upTo(130)
        .slice(30)
        .map((n) => `log ${n}`),
    ]);
    world.publish(line(CONTAINER, 131));
    world.publish(line({ ...CONTAINER, key: '8' }, 1));
    world.publish({ ...RUNNING, action: 'stats' });
    expect(briefly(client)).toEqual(['log 131']);
  });

  it.each(['end', 'error'])('ends with %s, which is sent before the connection is closed', async (action) => {
    const world = await startHub();
    world.broker.append(RUNNING);
    const [client, other] = [
      await begin(world, '/ws/container/logs?appId=7'),
      await begin(world, '/ws/container/logs?appId=7'),
    ];
    world.publish({ ...CONTAINER, action, object: { message: 'Why.' } });
    world.clock.advance(0);
    await settled();
    expect(briefly(client)).toEqual(['status running', action]);
    expect([client, other].map(({ transport }) => transport.closed?.code)).toEqual([1000, 1000]);
  });

  it('ends when the container ends while the stream is being opened', async () => {
    const world = await startHub();
    const { broker, clock } = world;
    broker.append(RUNNING);
    const client = await begin(world, '/ws/container/logs?appId=7', () => {
      const read = broker.retained.bind(broker);
      broker.retained = async (shard, queries) => {
        const kept = await read(shard, queries);
        broker.append(line(CONTAINER, 1));
        broker.append({ ...CONTAINER, action: 'end', object: null });
        return kept;
      };
    });
    clock.advance(0);
    await settled();
    expect(briefly(client)).toEqual(['status running', 'log 1', 'end']);
    expect(client.transport.closed?.code).toBe(1000);
  });

  it('is closed with 1013 when it cannot be read, since its client understands no other message', async () => {
    const world = await startHub();
    world.broker.append(RUNNING);
    const client = await begin(world, '/ws/container/logs?appId=7', () => {
      world.broker.failure = new Error('gone');
    });
    expect(client.transport.closed?.code).toBe(1013);
    expect([client.takeTexts(), world.reported]).toEqual([[], ['internal']]);
  });

  it('is closed after an error when the container is not running', async () => {
    const world = await startHub();
    world.broker.append({
      ...RUNNING,
      object: { container: 'mist-app-7', state: 'exited', status: 'Exited' },
    });
    const client = await begin(world, '/ws/container/logs?appId=7');
    expect(briefly(client)).toEqual(['status exited', 'error']);
    world.clock.advance(0);
    await settled();
    expect(client.transport.closed?.code).toBe(1000);
  });

  it('goes on whatever the client sends', async () => {
    const world = await startHub();
    world.broker.append(RUNNING);
    const client = await begin(world, '/ws/container/logs?appId=7');
    client.takeTexts();
    for (const text of ['', 'hello', '{"type":"ping"}', '{']) client.send(text);
    client.sendBinary();
    world.publish(line(CONTAINER, 1));
    expect(briefly(client)).toEqual(['log 1']);
    expect([client.transport.closed, world.reported]).toEqual([undefined, []]);
  });
});

describe("a deployment's log", () => {
  it('begins with the current status and the whole log', async () => {
    const world = await startHub();
    for (const name of ['pending', 'building']) world.broker.append(status(name));
    for (const n of upTo(500)) world.broker.append(line(DEPLOYMENT, n));
    const client = await begin(world, '/ws/deployment/logs?deploymentId=42');
    world.publish(status('deploying'));
    expect(briefly(client)).toEqual([
      'status building',
      ...upTo(500).map((n) => `log ${n}`),
      'status deploying',
    ]);
  });

  it.each(['success', 'failed', 'stopped'])(
    'is closed a second after %s, with the lines of that second',
    async (end) => {
      const world = await startHub();
      world.broker.append(status('building'));
      const client = await begin(world, '/api/deployments/logs/stream?id=42');
      world.publish(status(end));
      world.clock.advance(999);
      world.broker.append(line(DEPLOYMENT, 1));
      expect(client.transport.closed).toBeUndefined();
      world.clock.advance(1);
      await settled();
      expect(briefly(client)).toEqual(['status building', `status ${end}`, 'log 1']);
      expect(client.transport.closed?.code).toBe(1000);
    },
  );

  it('is closed for a slow client after that client has read everything', async () => {
    const world = await startHub();
    world.broker.append(status('building'));
    const client = await begin(world, '/ws/deployment/logs?deploymentId=42');
    client.transport.full = true;
    for (const n of upTo(3)) world.publish(line(DEPLOYMENT, n));
    world.publish(status('success'));
    world.clock.advance(1_000);
    await settled();
    expect(client.transport.closed).toBeUndefined();
    client.transport.drain();
    await settled();
    expect(client.transport.closed?.code).toBe(1000);
    expect(briefly(client)).toEqual(['status building', 'log 1', 'log 2', 'log 3', 'status success']);
  });

  it('is sent whole and closed a second later when the deployment has finished', async () => {
    const world = await startHub();
    world.broker.append(line(DEPLOYMENT, 1));
    world.broker.append(status('failed'));
    const client = await begin(world, '/ws/deployment/logs?deploymentId=42');
    expect(briefly(client)).toEqual(['status failed', 'log 1']);
    world.clock.advance(999);
    await settled();
    expect(client.transport.closed).toBeUndefined();
    world.clock.advance(1);
    await settled();
    expect(client.transport.closed?.code).toBe(1000);
  });
});

describe("the system's log", () => {
  it('begins with a greeting and the last hundred lines, goes on with new lines, and ends', async () => {
    const world = await startHub();
    const system = { type: 'system', key: 'mist' };
    for (const n of upTo(101)) world.broker.append(line(system, n));
    const client = await begin(world, '/api/ws/system/logs');
    world.publish(line(system, 102));
    world.publish({ ...system, action: 'end', object: null });
    world.clock.advance(0);
    await settled();
    expect(briefly(client)).toEqual([
      'connected',
      ...upTo(102)
        .slice(1)
        .map((n) => `log ${n}`),
      'end',
    ]);
    expect(client.transport.closed?.code).toBe(1000);
  });
});
