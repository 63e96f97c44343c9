import { describe, expect, it, onTestFinished } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import type { Session } from '../../src/dialects/dialect.ts';
import { norn } from '../../src/dialects/norn.ts';
import { Commands } from '../../src/hub/commands.ts';
import { Hub } from '../../src/hub/hub.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { ManualClock } from '../support/clock.ts';
import { aConnection, forgetRecent, settled } from '../support/connection.ts';
import { TestTransport } from '../support/transport.ts';
import { TestRegistry } from '../support/registry.ts';
import { parseEvent } from '../support/formats.ts';

const NOBODY = new BelfryError('credentials_missing', 'No credentials.');

/** A node with its log. Its time passes only when a test says so, and it may forget what it has delivered. */
async function startNode({ remembers = true } = {}) {
  const clock = new ManualClock();
  const broker = new MemoryBroker({
    clock,
    bounds: { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 3_600_000 },
  });
  const queue = { maxDeliveries: 256, maxBytes: 1024 * 1024 };
  const registry = { registry: new TestRegistry(), node: 'n1', registryLimits: {} };
  const hub = new Hub({
    broker,
    shards: broker,
    history: broker,
    clock,
    queue,
    writeTimeoutMs: 10_000,
    logCacheMaxBytes: 64 * 1024 * 1024,
    ...registry,
  });
  const { connections, delivery, eventLog, stats } = hub;
  const commands = new Commands({
    connections,
    delivery,
    eventLog,
    stats,
    clock,
    broker,
    parse: (body) => parseEvent(body),
    authenticate: async () => Promise.reject(NOBODY),
    report: () => {},
    maxTopics: 1_000,
    maxPerSecond: 1_000,
  });
  await hub.start();
  onTestFinished(() => hub.stop());
  const dial = async (transport = new TestTransport(), origin?: string): Promise<TestTransport> => {
    const session = norn.open({
      path: '/ws',
      query: new URLSearchParams(),
      ...(origin !== undefined && { origin }),
      caller: NOBODY,
      now: clock.now(),
      anonymous: true,
      settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
      retained: async () => [],
    }) as Session;
    commands.open(hub.connections.attach(aConnection('192.0.2.1:1', norn, session), transport), session);
    await settled();
    return transport;
  };
  /** Publishes events: `step A 1` is the first step of the saga A of the app shop. */
  const tell = async (...lines: readonly string[]): Promise<void> => {
    for (const line of lines) {
      const [action = '', sagaId = '', step = ''] = line.split(' ');
      await broker.publish([{ type: 'deploy', action, key: 'shop', object: { sagaId, step } }]);
    }
    hub.delivery.flush();
    if (!remembers) forgetRecent({ hub });
  };
  const page = (): Promise<TestTransport> => dial(new TestTransport(), 'http://localhost:5173');
  return { broker, clock, hub, dial, page, tell };
}

/** The events that a client received, in the notation of {@link startNode}. */
function heard({ texts }: TestTransport): string[] {
  return texts.map((text) => {
    const { type, payload } = JSON.parse(text) as { type: string; payload: { sagaId: string; step: string } };
    return `${type.slice('deploy.'.length)} ${payload.sagaId} ${payload.step}`.trimEnd();
  });
}

describe('a norn client that connects after its deploy has begun', () => {
  it.each([
    ['the node remembers', true],
    ['only the log knows', false],
  ])(
    'receives the missed events and then new ones, once and in order, when %s them',
    async (_what, remembers) => {
      const { dial, tell } = await startNode({ remembers });
      await tell('step A 1', 'progress A 1', 'step A 2');
      const client = await dial();
      await tell('step A 3', 'completed A');
      expect(heard(client)).toEqual(['step A 1', 'progress A 1', 'step A 2', 'step A 3', 'completed A']);
    },
  );

  it('receives no event older than 30 s, even if the deploy is still running', async () => {
    const { clock, dial, tell } = await startNode();
    await tell('step A 1');
    clock.advance(1);
    await tell('step A 2');
    clock.advance(30_000);
    expect(heard(await dial())).toEqual(['step A 2']);
    clock.advance(1);
    expect(heard(await dial())).toEqual([]);
  });

  it('receives nothing of a deploy that had ended before, and none of its late events afterwards', async () => {
    const { clock, dial, tell } = await startNode();
    await tell('step A 1', 'completed A');
    clock.advance(3_001);
    expect(heard(await dial())).toEqual([]);
    clock.advance(26_000);
    await tell('progress A 1');
    clock.advance(29_000);
    expect(heard(await dial())).toEqual([]);
  });

  it.each(['completed', 'failed'])(
    'receives the whole of a deploy that has %s within the last 3 s',
    async (end) => {
      const { clock, dial, tell } = await startNode();
      await tell('step A 1', 'completed A', 'step B 1', 'progress B 1');
      clock.advance(40_000);
      await tell('step B 2', `${end} B`, 'step C 1', 'progress B 2');
      clock.advance(3_000);
      const whole = ['step B 1', 'progress B 1', 'step B 2', `${end} B`, 'step C 1', 'progress B 2'];
      expect(heard(await dial())).toEqual(whole);
      clock.advance(1);
      expect(heard(await dial())).toEqual(['step C 1']);
    },
  );

  it('receives the deploy of another app while that is running', async () => {
    const { broker, clock, dial, tell } = await startNode();
    await tell('step A 1', 'completed A');
    clock.advance(3_001);
    await broker.publish([
      { type: 'deploy', action: 'step', key: 'blog', object: { sagaId: 'B', step: '1' } },
    ]);
    expect(heard(await dial())).toEqual(['step B 1']);
  });

  it('misses no event that comes while the log is read, and not the end of its deploy', async () => {
    const { broker, clock, dial, tell } = await startNode({ remembers: false });
    await tell('step A 1', 'step B 1', 'completed B');
    clock.advance(3_001);
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const after = broker.after.bind(broker);
    broker.after = async function* heldUp(cursor) {
      await opened;
      yield* after(cursor);
    };
    const client = await dial();
    await tell('step A 2', 'completed A', 'progress B 1');
    expect(client.writes).toEqual([]);
    open();
    await settled();
    await tell('step C 1');
    expect(heard(client)).toEqual(['step A 1', 'step A 2', 'completed A', 'progress B 1', 'step C 1']);
  });

  it('receives the events again each time that it reconnects', async () => {
    const { dial, tell } = await startNode();
    await tell('step A 1');
    expect(heard(await dial())).toEqual(['step A 1']);
    await tell('step A 2');
    expect(heard(await dial())).toEqual(['step A 1', 'step A 2']);
  });

  it('receives all of a long replay, although it has read nothing yet and its queue holds 64', async () => {
    const { dial, tell } = await startNode();
    const lines = Array.from({ length: 500 }, (_, index) => `progress A ${index}`);
    await tell(...lines);
    const transport = new TestTransport();
    transport.capacity = 1;
    const client = await dial(transport);
    await tell('step A 1');
    client.drain();
    expect(heard(client)).toEqual([...lines, 'step A 1']);
    expect(client.closed).toBeUndefined();
  });

  it('reads the log from where the connection before it stopped, and not from the start', async () => {
    const { broker, clock, dial, tell } = await startNode({ remembers: false });
    await tell('step A 1', 'step A 2');
    let read = 0;
    const after = broker.after.bind(broker);
    broker.after = async function* counting(cursor) {
      for await (const event of after(cursor)) {
        read++;
        yield event;
      }
    };
    const clients = await Promise.all([dial(), dial(), dial()]);
    for (const client of clients) expect(heard(client)).toEqual(['step A 1', 'step A 2']);
    expect(read).toBe(2);
    clock.advance(30_001);
    await tell('step A 3');
    expect(heard(await dial())).toEqual(['step A 3']);
    expect(read).toBe(3);
    clock.advance(60_000);
    expect(heard(await dial())).toEqual([]);
    await tell('step A 4');
    expect(heard(await dial())).toEqual(['step A 4']);
  });

  it('is told of no gap when there is nothing to send, and every counter is right', async () => {
    const { clock, dial, hub, tell } = await startNode();
    await tell('step A 1', 'completed A');
    clock.advance(3_600_000);
    const client = await dial();
    expect(client.writes).toEqual([]);
    // The one unsupported event is the reply to its subscription, which norn cannot express.
    expect(hub.stats).toMatchObject({ gaps: 0, total: { received: 1, unsupported: 1, delivered: 0 } });
  });

  it('is closed with 1013 when the log cannot be read, so that it does not wait on a silent socket', async () => {
    const { broker, dial } = await startNode({ remembers: false });
    broker.after = () => {
      throw new BelfryError('unavailable', 'The log is away.');
    };
    expect((await dial()).closed?.code).toBe(1013);
  });
});

describe('a norn page that reconnects', () => {
  it('receives the ends of the last 60 s, and nothing else of ended deploys', async () => {
    const { clock, page, tell } = await startNode();
    await tell('step A 1', 'failed A');
    clock.advance(1_000);
    await tell('step B 1', 'completed B');
    clock.advance(59_000);
    expect(heard(await page())).toEqual(['failed A', 'completed B']);
    clock.advance(1);
    expect(heard(await page())).toEqual(['completed B']);
    await tell('completed D');
    expect(heard(await page())).toEqual(['completed B', 'completed D']);
  });

  it('receives the running deploys as any other client does', async () => {
    const { page, tell } = await startNode();
    await tell('step A 1', 'completed A', 'step B 1');
    const client = await page();
    await tell('completed B');
    expect(heard(client)).toEqual(['completed A', 'step B 1', 'completed B']);
  });

  it('receives a deploy that began after an end, however long ago, so that the end is not taken for its own', async () => {
    const { clock, dial, page, tell } = await startNode();
    await tell('step A 1', 'step B 1', 'failed A', 'step C 1');
    clock.advance(31_000);
    expect(heard(await page())).toEqual(['failed A', 'step C 1']);
    expect(heard(await dial())).toEqual([]);
    clock.advance(29_001);
    expect(heard(await page())).toEqual([]);
  });
});

describe('a norn client that reads too slowly', () => {
  it('is closed with 4008 when more than 64 events wait for it', async () => {
    const { dial, tell, hub } = await startNode();
    const client = await dial();
    client.full = true;
    for (let n = 1; n <= 64; n++) await tell(`step A ${n}`);
    expect(client.closed).toBeUndefined();
    await tell('step A 65');
    expect(client.closed?.code).toBe(4008);
    expect(hub.stats).toMatchObject({ slowCloses: 1, total: { delivered: 0, droppedSlow: 65 } });
  });

  it('misses nothing when it reads 64 in time', async () => {
    const { dial, tell } = await startNode();
    const client = await dial();
    client.full = true;
    const lines = Array.from({ length: 64 }, (_, index) => `step A ${index}`);
    for (const line of lines) await tell(line);
    client.drain();
    await tell('completed A');
    expect(heard(client)).toEqual([...lines, 'completed A']);
  });
});
