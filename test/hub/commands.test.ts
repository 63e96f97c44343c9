import { describe, expect, it } from 'vitest';
import { drp } from '../../src/dialects/drp.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { Grants, UNKNOWN } from '../../src/model/principal.ts';
import { anIdentity, settled, startHub } from '../support/connection.ts';

const event = { type: 'profiles', action: 'save', key: 'global' };
const publishing = (...events: object[]): object => ({ id: 'p', command: 'publish', events });

describe('the command publish', () => {
  it('gives the events to the broker and is answered with their ids', async () => {
    const { broker, connect } = await startHub();
    const client = connect();
    client.send(publishing({ ...event, object: { a: 1 } }, { ...event, key: 'other' }));
    await settled();
    expect(client.take()).toMatchObject([
      { type: 'belfry', action: 'publish', key: 'p', object: { ids: ['1-0', '2-0'] } },
    ]);
    expect(broker.published).toMatchObject([[{ key: 'global', object: { a: 1 } }, { key: 'other' }]]);
  });

  it('sets the principal of the publisher, whatever the event says', async () => {
    const { broker, connect } = await startHub();
    connect().send(publishing({ ...event, principal: 'user:eve' }, event));
    await settled();
    expect(broker.published[0]?.map(({ principal }) => principal)).toEqual(['user:ada', 'user:ada']);
  });

  it('is refused as a whole when the grants do not permit one event', async () => {
    const { broker, connect, reported } = await startHub();
    const client = connect({ identity: anIdentity({ publish: Grants.parse(['profiles.save.*']) }) });
    client.send(publishing(event, { ...event, action: 'delete' }));
    await settled();
    expect(broker.published).toEqual([]);
    expect(client.take()).toMatchObject([
      { type: 'belfry', action: 'error', key: 'p', object: { command: 'publish', code: 'forbidden' } },
    ]);
    expect(reported).toEqual(['forbidden']);
  });

  it('is answered with unavailable when the broker fails, and the connection stays open', async () => {
    const { broker, connect } = await startHub();
    const client = connect();
    broker.failure = new BelfryError('unavailable', 'Redis is away.');
    client.send(publishing(event));
    await settled();
    broker.failure = undefined;
    client.send(publishing(event));
    await settled();
    expect(client.take()).toMatchObject([
      { action: 'error', key: 'p', object: { code: 'unavailable', message: 'Redis is away.' } },
      { action: 'publish', key: 'p' },
    ]);
  });

  it('is answered with internal when the broker fails with an unknown error', async () => {
    const { broker, connect, reported } = await startHub();
    const client = connect();
    broker.failure = new TypeError('x is not a function');
    client.send(publishing(event));
    await settled();
    const [answer] = client.takeTexts();
    expect(answer).toContain('"code":"internal"');
    expect(answer).not.toContain('x is not a function');
    expect(reported).toEqual(['internal']);
  });

  it('is not counted as received when the connection closed before the answer', async () => {
    const { broker, connect, hub } = await startHub();
    const client = connect();
    broker.held = true;
    client.send(publishing(event));
    hub.connections.detach(client.connection, 'gone');
    broker.release();
    await settled();
    expect(hub.stats).toMatchObject({ total: { received: 0, delivered: 0 } });
  });
});

describe('the command ping', () => {
  it('is answered with the end of the log where nothing waits for the client', async () => {
    const { broker, subscriber, publish } = await startHub();
    const client = subscriber(['profiles.*.*']);
    publish();
    broker.append({ type: 'machines' });
    client.takeTexts();
    client.send({ id: 7, command: 'ping' });
    expect(client.take()).toMatchObject([{ action: 'ping', key: '7', object: { cursor: '2-0' } }]);
  });

  it('is answered with the position before the first event that waits for a flush', async () => {
    const { broker, hub, subscriber, publish } = await startHub();
    const client = subscriber(['profiles.*.*']);
    publish();
    client.takeTexts();
    broker.append({ key: 'a' });
    broker.append({ key: 'b' });
    client.send({ command: 'ping' });
    expect(client.take()).toMatchObject([{ action: 'ping', object: { cursor: '1-0' } }]);
    hub.delivery.flush();
    client.takeTexts();
    client.send({ command: 'ping' });
    expect(client.take()).toMatchObject([{ action: 'ping', object: { cursor: '3-0' } }]);
  });
});

describe('the command subscribe', () => {
  it('is refused when the grants permit no event of the pattern', async () => {
    const { connect } = await startHub();
    const client = connect({ identity: anIdentity({ subscribe: Grants.parse(['jobs.*.*']) }) });
    client.subscribe(['jobs.save.*', 'machines.*.*']);
    expect(client.take()).toMatchObject([
      { action: 'error', key: 's', object: { command: 'subscribe', code: 'forbidden' } },
    ]);
    expect(client.connection.subscriptions.size).toBe(0);
  });

  it('is refused when all subscriptions together have too many topics, with comma lists expanded', async () => {
    const { connect } = await startHub({ maxTopics: 10 });
    const client = connect();
    client.subscribe(['a,b.c,d.e,f']);
    client.subscribe(['x.x.1,2,3']);
    client.subscribe(['x.x.1,2']);
    client.subscribe(['x.x.3']);
    expect(client.take().map(({ action }) => action)).toEqual(['subscribe', 'error', 'subscribe', 'error']);
    expect([...client.connection.subscriptions.keys()]).toEqual(['a,b.c,d.e,f', 'x.x.1,2']);
  });

  it('counts the topics of a pattern once when it is subscribed again', async () => {
    const { connect } = await startHub({ maxTopics: 2 });
    const client = connect();
    for (let n = 0; n < 3; n++) client.subscribe(['a.b.c,d']);
    expect(client.take().map(({ action }) => action)).toEqual(['subscribe', 'subscribe', 'subscribe']);
  });

  it('replaces the filters of a pattern that is subscribed again with others', async () => {
    const { connect, publish } = await startHub();
    const client = connect();
    client.subscribe(['*.*.*'], { filters: { key: 'a' } });
    client.subscribe(['*.*.*'], { filters: { key: 'b' } });
    publish({ key: 'a' });
    publish({ key: 'b' });
    expect(client.takeKeys()).toEqual(['b']);
  });
});

describe('the command auth', () => {
  it('changes principal and grants at once, and the client hears exactly what each permitted', async () => {
    const identity = anIdentity({
      principal: 'user:bob',
      subscribe: Grants.parse(['b.*.*']),
      expiresAt: 1_800_000_000_000,
    });
    const { broker, hub, connect } = await startHub({ authenticate: async () => identity });
    const client = connect({ identity: anIdentity({ subscribe: Grants.parse(['a.*.*']) }) });
    client.subscribe(['*.*.*']);
    broker.append({ type: 'a', key: '1' });
    broker.append({ type: 'b', key: '2' });
    client.send({ id: 't', command: 'auth', token: 'new' });
    await settled();
    broker.append({ type: 'a', key: '3' });
    broker.append({ type: 'b', key: '4' });
    hub.delivery.flush();
    expect(client.take()).toMatchObject([
      { action: 'subscribe' },
      { key: '1' },
      { action: 'auth', key: 't', object: { principal: 'user:bob', expiresAt: '2027-01-15T08:00:00.000Z' } },
      { key: '4' },
    ]);
  });

  it('is refused and changes nothing when the token is not valid', async () => {
    const { connect } = await startHub();
    const client = connect();
    client.send({ id: 't', command: 'auth', token: 'bad' });
    await settled();
    expect(client.take()).toMatchObject([{ action: 'error', key: 't', object: { code: 'token_invalid' } }]);
    expect(client.connection.identity.principal).toBe('user:ada');
  });

  it('is answered with null as the end of a token that does not expire', async () => {
    const { connect } = await startHub({ authenticate: async () => anIdentity() });
    const client = connect();
    client.send({ id: 't', command: 'auth', token: 'x' });
    await settled();
    expect(client.take()).toMatchObject([{ object: { principal: 'user:ada', expiresAt: null } }]);
  });

  it('changes nothing when the connection closed meanwhile', async () => {
    const { connect, hub } = await startHub({
      authenticate: async () => anIdentity({ principal: 'user:bob' }),
    });
    const client = connect();
    client.send({ id: 't', command: 'auth', token: 'x' });
    hub.connections.detach(client.connection, 'gone');
    await settled();
    expect(client.connection.identity.principal).toBe('user:ada');
    expect(client.takeTexts()).toEqual([]);
  });
});

describe('commands of a connection', () => {
  it('are answered in the order in which they were sent, even when the first is slow', async () => {
    const { broker, connect } = await startHub();
    const client = connect();
    broker.held = true;
    client.send(publishing(event));
    client.send({ id: 'ping', command: 'ping' });
    client.subscribe(['*.*.*']);
    await settled();
    expect(client.take()).toEqual([]);
    broker.release();
    await settled();
    expect(client.take().map(({ action }) => action)).toEqual(['publish', 'ping', 'subscribe']);
  });

  it('do not wait for those of another connection', async () => {
    const { broker, connect } = await startHub();
    const [slow, other] = [connect(), connect()];
    broker.held = true;
    slow.send(publishing(event));
    other.send({ id: 1, command: 'ping' });
    expect(other.take()).toMatchObject([{ action: 'ping', key: '1' }]);
  });

  it('are carried out after one that was refused', async () => {
    const { broker, connect } = await startHub();
    const client = connect();
    broker.failure = new BelfryError('unavailable', 'Redis is away.');
    client.send(publishing(event));
    client.send({ id: 1, command: 'ping' });
    await settled();
    expect(client.take().map(({ action }) => action)).toEqual(['error', 'ping']);
  });

  it('are refused when they cannot be read, with the id of the command where it can be read', async () => {
    const { connect, reported, hub } = await startHub();
    const client = connect();
    client.send('hello');
    client.send({ id: 7, command: 'dance' });
    client.sendBinary();
    expect(client.take()).toMatchObject([
      { type: 'belfry', action: 'error', key: '', object: { command: null, code: 'json_invalid' } },
      { type: 'belfry', action: 'error', key: '7', object: { command: null, code: 'command_invalid' } },
      { type: 'belfry', action: 'error', key: '', object: { command: null, code: 'command_invalid' } },
    ]);
    expect(reported).toEqual(['json_invalid', 'command_invalid', 'command_invalid']);
    expect(hub.stats.commands).toBe(3);
    expect(client.connection.isOpen).toBe(true);
  });

  it('are ignored in silence when the dialect does not support a refusal', async () => {
    const { connect, reported } = await startHub();
    const client = connect({ dialect: drp });
    client.send('hello');
    client.sendBinary();
    expect(client.takeTexts()).toEqual([]);
    expect(reported).toEqual(['command_invalid', 'command_invalid']);
    expect(client.connection.isOpen).toBe(true);
  });

  it('close it with 4029 when they exceed the rate limit, which begins again each second', async () => {
    const { connect, clock } = await startHub({ maxPerSecond: 3 });
    const client = connect();
    for (let second = 0; second < 3; second++) {
      for (let n = 0; n < 3; n++) client.send({ id: n, command: 'ping' });
      clock.advance(1_000);
    }
    expect(client.transport.closed).toBeUndefined();
    for (let n = 0; n < 4; n++) client.send({ id: n, command: 'ping' });
    expect(client.transport.closed?.code).toBe(4029);
    expect(client.take()).toHaveLength(12);
  });

  it('count against the rate limit when they cannot be read, and when they are binary', async () => {
    const { connect } = await startHub({ maxPerSecond: 3 });
    const [unreadable, binary] = [connect(), connect()];
    for (let n = 0; n < 4; n++) {
      unreadable.send('rejected input');
      binary.sendBinary();
    }
    expect(unreadable.transport.closed?.code).toBe(4029);
    expect(binary.transport.closed?.code).toBe(4029);
    expect(binary.take()).toHaveLength(3);
  });

  it('do not count against the rate limit of another connection', async () => {
    const { connect } = await startHub({ maxPerSecond: 1 });
    for (let n = 0; n < 3; n++) {
      const client = connect();
      client.send({ command: 'ping' });
      expect(client.transport.closed).toBeUndefined();
    }
  });

  it('close it with 4029 when more than a thousand wait behind a slow one', async () => {
    const { broker, connect } = await startHub({ maxPerSecond: 1_000_000 });
    const client = connect();
    broker.held = true;
    client.send(publishing(event));
    for (let n = 0; n < 1_000; n++) client.send({ id: n, command: 'ping' });
    expect(client.transport.closed).toBeUndefined();
    client.send({ id: 'last', command: 'ping' });
    expect(client.transport.closed?.code).toBe(4029);
  });

  it('are not carried out after the connection closed', async () => {
    const { broker, connect, hub } = await startHub();
    const client = connect();
    broker.held = true;
    client.send(publishing(event));
    client.send(publishing(event));
    hub.connections.detach(client.connection, 'gone');
    client.send({ command: 'ping' });
    broker.release();
    await settled();
    expect(broker.published).toHaveLength(1);
    expect(broker.waiting).toBe(0);
    expect(client.takeTexts()).toEqual([]);
  });
});

describe('a client without grants', () => {
  it('may neither subscribe nor publish', async () => {
    const { broker, connect, publish } = await startHub();
    const client = connect({
      identity: anIdentity({ principal: UNKNOWN, subscribe: Grants.none, publish: Grants.none }),
    });
    client.subscribe(['*.*.*']);
    client.send(publishing(event));
    await settled();
    publish();
    expect(client.take().map(({ object }) => (object as { code: string }).code)).toEqual([
      'forbidden',
      'forbidden',
    ]);
    expect(broker.published).toEqual([]);
  });
});
