import { describe, expect, it } from 'vitest';
import { native } from '../../src/dialects/native.ts';
import { provisioning } from '../../src/dialects/provisioning.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { ANONYMOUS } from '../../src/model/principal.ts';
import { aConnection, anIdentity, settled, startHub, type TestHub } from '../support/connection.ts';
import { TestTransport } from '../support/transport.ts';
import { TestRegistry } from '../support/registry.ts';

const ADA = anIdentity({ expiresAt: Date.parse('2025-01-15T11:00:00Z') });
const BEA = anIdentity({ principal: 'user:bea' });
const AWAY = new BelfryError('unavailable', 'Redis is away.');
const FULL = new BelfryError('limit_reached', 'There are 2 connections of user:bea already.');

async function start(
  options: Parameters<typeof startHub>[0] = {},
): Promise<TestHub & { registry: TestRegistry }> {
  const registry = new TestRegistry();
  return { ...(await startHub({ registry, ...options })), registry };
}

describe('a client that connects', () => {
  it('is put in the registry as it describes itself, with the limits of its dialect before those of the settings', async () => {
    const { hub, registry } = await start({ registryLimits: { perPrincipal: 3, perAddress: 7 } });
    const subscriptions = provisioning.decode('{"type":"subscribe","events":["task"]}');
    if (subscriptions.kind !== 'subscribe') throw new Error('not subscribed');
    await hub.connections.register(
      aConnection('192.0.2.1:1', provisioning, { identity: ADA, subscriptions: subscriptions.subscriptions }),
    );
    await hub.connections.register(
      aConnection('192.0.2.1:2', provisioning, { limits: { connectionsPerPrincipal: 10 } }),
    );
    expect(registry.added[0]).toEqual({
      record: {
        Type: 'websocket',
        RemoteAddr: '192.0.2.1:1',
        Principal: 'user:ada',
        CreateTime: '2025-01-15T10:30:00.000Z',
        ExpiresAt: '2025-01-15T11:00:00.000Z',
        Id: '192.0.2.1-1',
        Node: 'n1',
        Dialect: 'provisioning',
        Patterns: subscriptions.subscriptions.map(({ name }) => name),
        UserAgent: 'test/1.0',
      },
      limits: { perPrincipal: 3, perAddress: 7 },
    });
    expect(registry.added[1]?.limits).toEqual({ perPrincipal: 10, perAddress: 7 });
  });
});

describe('subscriptions in the registry', () => {
  it('are updated once a turn, whatever changed in it, and not when they are as before', async () => {
    const { connect, clock, registry } = await start();
    const client = connect();
    client.subscribe(['a.*.*']);
    client.subscribe(['b.*.*', 'c.*.*']);
    client.send({ command: 'unsubscribe', patterns: ['b.*.*'] });
    expect(registry.updated).toEqual([]);
    clock.turn();
    expect(registry.updated.map(({ record }) => record.Patterns)).toEqual([['a.*.*', 'c.*.*']]);
    client.subscribe(['a.*.*']);
    client.subscribe(['d.*.*']);
    client.send({ command: 'unsubscribe', patterns: ['d.*.*'] });
    clock.turn();
    expect(registry.updated).toHaveLength(1);
  });

  it('are not told again when the client connected with them', async () => {
    const { hub, commands, clock, registry } = await start();
    const subscriptions = [{ name: 'a.*.*', pattern: Pattern.parse('a.*.*'), filters: [] }];
    const info = aConnection('192.0.2.1:1', native, { subscriptions });
    commands.open(hub.connections.attach(info, new TestTransport()), info.session);
    expect([...hub.connections].map(({ subscriptions: held }) => held.size)).toEqual([1]);
    clock.turn();
    expect(registry.updated).toEqual([]);
  });

  it('are at most a hundred of a connection, and 200 characters of each', async () => {
    const { connect, clock, registry } = await start();
    const names = Array.from({ length: 103 }, (_, i) => `a.b.${i}`);
    connect().subscribe([`x.y.${'z'.repeat(300)}`, ...names]);
    clock.turn();
    const patterns = registry.updated[0]?.record.Patterns ?? [];
    expect([patterns.length, patterns[1], patterns.at(-1)]).toEqual([101, 'a.b.0', 'and 4 more']);
    expect(patterns[0]).toBe(`x.y.${'z'.repeat(196)}…`);
  });

  it('are told again later when the registry was away, and the client does not notice', async () => {
    const { connect, clock, registry } = await start();
    registry.failure = AWAY;
    const client = connect();
    client.subscribe(['a.*.*']);
    expect(client.take()).toMatchObject([{ action: 'subscribe' }]);
    clock.turn();
    await settled();
    registry.failure = undefined;
    clock.advance(5_000);
    await settled();
    clock.advance(60_000);
    expect(registry.updated.map(({ record }) => record.Patterns)).toEqual([['a.*.*'], ['a.*.*']]);
    expect(client.take()).toEqual([]);
  });

  it('are told once, by one timer, when they change ten thousand times while the registry is away', async () => {
    const { connect, clock, registry } = await start({ maxPerSecond: 20_000 });
    const client = connect();
    const timers = clock.timers;
    registry.failure = AWAY;
    for (let i = 0; i < 10_000; i++) {
      client.send({ command: i % 2 === 0 ? 'subscribe' : 'unsubscribe', patterns: ['a.*.*'] });
      clock.turn();
      await settled();
    }
    expect(clock.timers).toBe(timers + 1);
    client.subscribe(['b.*.*']);
    clock.turn();
    await settled();
    registry.failure = undefined;
    registry.updated.length = 0;
    clock.advance(60_000);
    await settled();
    expect(registry.updated.map(({ record }) => record.Patterns)).toEqual([['b.*.*']]);
  });

  it('are told once more when they change before the registry has answered', async () => {
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    const { connect, clock, registry } = await start();
    const client = connect();
    registry.answer = answer;
    for (const name of ['a', 'b', 'c', 'd']) {
      client.subscribe([`${name}.*.*`]);
      clock.turn();
      await settled();
    }
    expect(registry.updated.map(({ record }) => record.Patterns.length)).toEqual([1]);
    resolve();
    await settled();
    expect(registry.updated.map(({ record }) => record.Patterns.length)).toEqual([1, 4]);
  });

  it('are not told of a connection that closed before the end of the turn', async () => {
    const { connect, clock, hub, registry } = await start();
    const client = connect();
    client.subscribe(['a.*.*']);
    hub.connections.detach(client.connection, 'gone');
    clock.turn();
    expect(registry.updated).toEqual([]);
  });
});

describe('the end of a connection in the registry', () => {
  it('is told once, with the reason', async () => {
    const { connect, hub, registry } = await start();
    const [one, two, three] = [connect(), connect(), connect()];
    one.connection.close(CLOSE.tooSlow);
    hub.connections.detach(one.connection, 'gone');
    hub.connections.detach(two.connection, 'connection lost');
    await hub.stop();
    expect(registry.removed).toEqual([
      { id: one.connection.id, reason: '4008 too slow: the queue is full' },
      { id: two.connection.id, reason: 'connection lost' },
      { id: three.connection.id, reason: '1001 the node is going away; reconnect' },
    ]);
  });
});

describe('the command auth and the registry', () => {
  const auth = { id: 1, command: 'auth', token: 't' };

  it('changes the principal in the registry before it takes effect', async () => {
    const { connect, registry, clock } = await start({ authenticate: async () => ADA });
    const client = connect({ identity: ANONYMOUS });
    client.send(auth);
    await settled();
    clock.turn();
    expect(registry.updated.map(({ record }) => [record.Principal, record.ExpiresAt])).toEqual([
      ['user:ada', '2025-01-15T11:00:00.000Z'],
    ]);
    expect(client.take()).toMatchObject([{ action: 'auth', object: { principal: 'user:ada' } }]);
  });

  it('closes the connection with 1013 and the reason when the principal has too many', async () => {
    const { connect, registry } = await start({ authenticate: async () => BEA });
    registry.failure = FULL;
    const client = connect();
    client.send(auth);
    await settled();
    expect(client.transport.closed).toEqual({ code: 1013, reason: FULL.message });
    expect(client.connection.identity.principal).toBe('user:ada');
  });

  it('is refused for another principal while the registry cannot be reached, and not for a renewal', async () => {
    let identity = BEA;
    const { connect, registry, clock } = await start({ authenticate: async () => identity });
    registry.failure = AWAY;
    const client = connect();
    client.send(auth);
    await settled();
    expect(client.take()).toMatchObject([{ action: 'error', object: { code: 'unavailable' } }]);
    expect(client.connection.identity.principal).toBe('user:ada');
    identity = ADA;
    client.send(auth);
    await settled();
    expect(client.take()).toMatchObject([{ action: 'auth' }]);
    registry.failure = undefined;
    clock.advance(5_000);
    expect(registry.updated.at(-1)?.record.ExpiresAt).toBe('2025-01-15T11:00:00.000Z');
  });

  it('is not undone by an update that waited from before', async () => {
    const { connect, registry, clock } = await start({ authenticate: async () => BEA });
    const client = connect();
    client.subscribe(['a.*.*']);
    registry.meanwhile = () => clock.turn();
    client.send(auth);
    await settled();
    clock.turn();
    expect(registry.updated.map(({ record }) => [record.Principal, record.Patterns])).toEqual([
      ['user:bea', ['a.*.*']],
    ]);
  });
});
