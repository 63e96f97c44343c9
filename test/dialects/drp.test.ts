import { describe, expect, it } from 'vitest';
import { drp, drpRefusal } from '../../src/dialects/drp.ts';
import { Refusal } from '../../src/dialects/dialect.ts';
import { BelfryError, type ErrorCode } from '../../src/model/errors.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { Grants } from '../../src/model/principal.ts';
import { anIdentity, startHub, type TestConnection, type TestHub } from '../support/connection.ts';
import { anOpenRequest } from '../support/open.ts';

const NOW = '2025-01-15T10:30:00Z';
const ack = (action: string, key: string): string =>
  JSON.stringify({
    Time: NOW,
    Type: 'websocket',
    Action: action,
    Key: key,
    Principal: '',
    Object: null,
    Original: null,
  });

async function drpClient(): Promise<TestHub & { client: TestConnection }> {
  const test = await startHub();
  return { ...test, client: test.connect({ dialect: drp }) };
}

/** The keys of the events that a client received, without acks. */
function heard(client: TestConnection): unknown[] {
  const events = client.takeTexts().map((text) => JSON.parse(text) as Record<string, unknown>);
  return events.filter((event) => event['Type'] !== 'websocket').map((event) => event['Key']);
}

describe('a drp client', () => {
  it('gets one ack for each command, with exactly the filter that it sent', async () => {
    const { client } = await drpClient();
    for (const command of [
      'register profiles.save.global',
      'register  a.b.c',
      'register a.*.* b.*.*',
      'register x, a\\1b.\\3.k',
      'deregister profiles.save.global',
      'deregister never.registered.this',
    ]) {
      client.send(command);
    }
    expect(client.takeTexts()).toEqual([
      ack('register', 'profiles.save.global'),
      ack('register', ' a.b.c'),
      ack('register', 'a.*.* b.*.*'),
      ack('register', 'x, a\\1b.\\3.k'),
      ack('deregister', 'profiles.save.global'),
      ack('deregister', 'never.registered.this'),
    ]);
  });

  it('gets an ack for a filter that it registered before, and receives an event once', async () => {
    const { client, publish } = await drpClient();
    for (let n = 0; n < 3; n++) client.send('register profiles.*.*');
    client.send('register *.*.*');
    expect(client.takeTexts()).toHaveLength(4);
    publish();
    expect(heard(client)).toEqual(['global']);
    client.send('deregister profiles.*.*');
    client.send('deregister profiles.*.*');
    expect(client.takeTexts()).toEqual([
      ack('deregister', 'profiles.*.*'),
      ack('deregister', 'profiles.*.*'),
    ]);
    publish();
    expect(heard(client)).toEqual(['global']);
  });

  it('deregisters exactly the filter that it names', async () => {
    const { client, publish } = await drpClient();
    client.send('register  profiles.*.*');
    client.send('deregister profiles.*.*');
    client.takeTexts();
    publish();
    expect(heard(client)).toEqual(['global']);
    client.send('deregister  profiles.*.*');
    client.takeTexts();
    publish();
    expect(heard(client)).toEqual([]);
  });

  it('gets an ack for a filter of fewer than three parts, and receives nothing for it', async () => {
    const { client, publish } = await drpClient();
    for (const filter of ['profiles', 'profiles.save', '*', '*.*']) client.send(`register ${filter}`);
    expect(client.takeTexts()).toEqual(
      ['profiles', 'profiles.save', '*', '*.*'].map((filter) => ack('register', filter)),
    );
    publish();
    expect(client.takeTexts()).toEqual([]);
  });

  it('gets an ack for a filter outside its grants, and receives nothing for it', async () => {
    const { connect, publish } = await startHub();
    const client = connect({ dialect: drp, identity: anIdentity({ subscribe: Grants.parse(['jobs.*.*']) }) });
    client.send('register profiles.*.*');
    client.send('deregister profiles.*.*');
    expect(client.takeTexts()).toEqual([ack('register', 'profiles.*.*'), ack('deregister', 'profiles.*.*')]);
    client.send('register *.*.*');
    client.takeTexts();
    publish();
    publish({ type: 'jobs', key: 'j1' });
    expect(heard(client)).toEqual(['j1']);
  });

  it.each([
    ['many', ['a.b.1', 'a.b.2', 'a.b.3']],
    ['a list', ['a.b.1,2,3']],
    ['a list and one more', ['a.b.1,2', 'a.b.3']],
  ])(
    'is closed with a reason and without an ack when it registers more topics than it may have: %s',
    async (_what, filters) => {
      const { connect } = await startHub({ maxTopics: 2 });
      const client = connect({ dialect: drp });
      for (const filter of filters) client.send(`register ${filter}`);
      expect(client.takeTexts()).toEqual(filters.slice(0, -1).map((filter) => ack('register', filter)));
      expect(client.transport.closed).toEqual({
        code: 1008,
        reason: 'The subscriptions expand to 3 topics. Expected at most 2 a connection.',
      });
    },
  );

  it('receives the events of as many topics as it may have', async () => {
    const { connect, publish } = await startHub({ maxTopics: 3 });
    const client = connect({ dialect: drp });
    for (const key of ['1', '2', '3', '3']) client.send(`register a.b.${key}`);
    expect(client.takeTexts()).toHaveLength(4);
    for (const key of ['1', '2', '3']) publish({ type: 'a', action: 'b', key });
    expect(heard(client)).toEqual(['1', '2', '3']);
  });

  it('gets no answer to a text that is no command, and stays connected', async () => {
    const { client, reported } = await drpClient();
    const malformed = [
      '',
      ' ',
      'register',
      'register ',
      'register\ta.b.c',
      'REGISTER a.b.c',
      'subscribe a.b.c',
      'list',
    ];
    for (const frame of malformed) client.send(frame);
    client.sendBinary();
    expect(client.takeTexts()).toEqual([]);
    expect(client.transport.closed).toBeUndefined();
    expect(reported).toEqual(Array.from({ length: malformed.length + 1 }, () => 'command_invalid'));
  });

  it('gets the ack before any event that the filter admits', async () => {
    const { client, broker, hub } = await drpClient();
    broker.append({ key: 'before' });
    client.send('register *.*.*');
    broker.append({ key: 'after' });
    hub.delivery.flush();
    const texts = client.takeTexts();
    expect(texts[0]).toBe(ack('register', '*.*.*'));
    expect(texts.slice(1)).toHaveLength(1);
    expect(texts[1]).toContain('"Key":"after"');
  });

  it('receives no acks of other clients, and one event in each frame', async () => {
    const { client, connect, broker, hub } = await drpClient();
    client.send('register *.*.*');
    connect({ dialect: drp }).send('register *.*.*');
    client.takeTexts();
    broker.append({ key: '1' });
    broker.append({ key: '2' });
    hub.delivery.flush();
    const texts = client.takeTexts();
    expect(texts.map((text) => (JSON.parse(text) as { Key: string }).Key)).toEqual(['1', '2']);
  });

  it('subscribes by lists and escapes', async () => {
    const { client, publish } = await drpClient();
    client.send('register a\\1b,\\3.save, update.x\\2y,*,dotted.key');
    client.takeTexts();
    const events: readonly (readonly [Partial<NewEvent>, boolean])[] = [
      [{ type: 'a.b', action: 'save', key: 'x,y' }, true],
      [{ type: '*', action: 'update', key: '*' }, true],
      [{ type: 'a.b', action: 'update', key: 'dotted.key' }, true],
      [{ type: 'a.b', action: 'save', key: 'x' }, false],
      [{ type: 'q', action: 'save', key: 'x,y' }, false],
      [{ type: 'a.b', action: 'delete', key: 'x,y' }, false],
    ];
    for (const [event, matches] of events) {
      publish(event);
      expect(heard(client)).toHaveLength(matches ? 1 : 0);
    }
  });
});

function refused(caller: BelfryError): Refusal {
  try {
    void drp.open(anOpenRequest('/api/v3/ws', '', { caller }));
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error('was not refused');
}

describe('a drp handshake', () => {
  it('opens a connection that receives nothing yet, and is pinged as the server of 2019 pings', () => {
    const caller = anIdentity();
    expect(drp.open(anOpenRequest('/api/v3/ws', 'pattern=*.*.*', { caller }))).toEqual({
      identity: caller,
      subscriptions: [],
      heartbeat: { pingMs: 25_000, pongWaitMs: 60_000 },
    });
  });

  it.each(['credentials_missing', 'credentials_malformed'] as const)(
    'is refused with 401 and no body for %s',
    (code) => {
      expect(refused(new BelfryError(code, 'Why.'))).toMatchObject({
        status: 401,
        headers: { 'WWW-Authenticate': 'dr-provision' },
        body: '',
      });
      expect(refused(new BelfryError(code, 'Why.')).headers).not.toHaveProperty('Content-Type');
    },
  );

  it('is refused with 403 and no details when the password is wrong', () => {
    const refusal = refused(new BelfryError('password_wrong', 'The user "eve" is unknown.'));
    expect(refusal.status).toBe(403);
    expect(refusal.headers).toEqual({ 'Content-Type': 'application/json; charset=utf-8' });
    expect(refusal.body).toBe('{"Model":"users","Key":"","Type":"","Messages":["Access Denied"],"Code":403}');
  });

  it('is refused with 403 and a new challenge when the token is not valid', () => {
    const refusal = refused(new BelfryError('token_invalid', 'It has expired.'));
    expect(refusal.status).toBe(403);
    expect(refusal.headers).toMatchObject({ 'WWW-Authenticate': 'dr-provision' });
    expect(JSON.parse(refusal.body)).toEqual({
      Model: 'system',
      Key: '',
      Type: '',
      Messages: ['It has expired.', 'See /docs/reference/errors#token_invalid'],
      Code: 403,
    });
  });
});

describe('a drp error on REST', () => {
  it.each<[ErrorCode, string, object]>([
    ['forbidden', 'POST', { Model: '', Type: 'AUTH', Code: 403 }],
    ['not_found', 'GET', { Model: '', Type: 'GET', Code: 404 }],
    ['event_invalid', 'POST', { Model: '', Type: 'POST', Code: 422 }],
    ['content_type_invalid', 'POST', { Model: '', Type: 'POST', Code: 400 }],
    ['not_acceptable', 'GET', { Model: '', Type: 'GET', Code: 406 }],
    ['unavailable', 'POST', { Model: '', Type: 'POST', Code: 503 }],
  ])('for the code %s and the method %s has all five fields in order', (code, method, fields) => {
    const { status, headers, body } = drpRefusal(new BelfryError(code, 'Why.'), method);
    const read = JSON.parse(body) as Record<string, unknown>;
    expect(Object.keys(read)).toEqual(['Model', 'Key', 'Type', 'Messages', 'Code']);
    expect(read).toMatchObject({
      ...fields,
      Key: '',
      Messages: ['Why.', `See /docs/reference/errors#${code}`],
    });
    expect(status).toBe(read['Code']);
    expect(headers).toEqual({
      'Content-Type': 'application/json; charset=utf-8',
      ...(status === 503 && { 'Retry-After': '1' }),
    });
  });
});
