import { describe, expect, it } from 'vitest';
import { provisioning } from '../../src/dialects/provisioning.ts';
import { ANONYMOUS } from '../../src/model/principal.ts';
import { BelfryError } from '../../src/model/errors.ts';
import {
  anIdentity,
  settled,
  startHub,
  type ConnectOptions,
  type TestConnection,
} from '../support/connection.ts';

const BIG = { id: 9, command: 'subscribe', patterns: Array.from({ length: 900 }, (_, i) => `a.b.${i}`) };

/**
 * A hub whose clients sign in by the command `auth` with the token `good`. The test ends the check of the token by
 * hand.
 */
async function world(more: ConnectOptions = {}) {
  const checks: (() => void)[] = [];
  const test = await startHub({
    authenticate: async (token) => {
      await new Promise<void>((resolve) => checks.push(resolve));
      if (token === 'good') return anIdentity();
      throw new BelfryError('token_invalid', 'The token is not valid.');
    },
  });
  const session = { identity: ANONYMOUS, authWithinMs: 10_000, ...more };
  const client = test.connect(session);
  test.commands.open(client.connection, {
    subscriptions: [],
    heartbeat: { pingMs: 1, pongWaitMs: 1 },
    ...session,
  });
  const check = async (): Promise<void> => {
    checks.shift()?.();
    await settled();
  };
  return { ...test, client, check };
}

const closeOf = ({ transport }: TestConnection): unknown => transport.closed;

describe('a connection that has yet to sign in', () => {
  it('may ping, and is told to sign in for anything else', async () => {
    const { client } = await world();
    client.send({ id: 1, command: 'ping' });
    client.subscribe(['*.*.*']);
    client.send({ id: 3, command: 'publish', events: [{}] });
    client.send({ id: 4, command: 'unsubscribe', patterns: ['a'] });
    expect(client.take().map(({ action, key, object }) => [action, key, object])).toMatchObject([
      ['ping', '1', {}],
      ['error', 's', { code: 'forbidden', command: 'subscribe' }],
      ['error', '3', { message: expect.stringContaining('need one that permits you to publish') as string }],
      ['error', '4', { code: 'forbidden' }],
    ]);
    expect(client.connection.isOpen).toBe(true);
  });

  it('is closed with 1009 for a frame of more than 4 KB, which is not read', async () => {
    const { client } = await world();
    client.send('{'.repeat(4_097));
    expect([closeOf(client), client.take()]).toMatchObject([{ code: 1009 }, []]);
    const { client: provisioned } = await world({ dialect: provisioning });
    provisioned.send({ type: 'subscribe', events: ['x'.repeat(4_096)] });
    expect(closeOf(provisioned)).toMatchObject({ code: 1009 });
  });

  it('is closed with 4029 for more than 32 frames, whatever they are', async () => {
    for (const send of [
      (client: TestConnection) => client.send({ command: 'ping' }),
      (client: TestConnection) => client.sendBinary(),
      (client: TestConnection) => client.send('x'),
    ]) {
      const { client } = await world();
      for (let i = 0; i < 32; i++) send(client);
      expect(client.connection.isOpen).toBe(true);
      send(client);
      expect(closeOf(client)).toMatchObject({ code: 4029 });
    }
  });

  it('may send on while its token is checked, and is then answered in order', async () => {
    const { client, check } = await world();
    client.send({ id: 1, command: 'auth', token: 'good' });
    client.send(BIG);
    client.send({ id: 10, command: 'ping' });
    expect(client.take()).toEqual([]);
    await check();
    expect(client.take().map(({ action, key }) => `${action} ${key}`)).toEqual([
      'auth 1',
      'subscribe 9',
      'ping 10',
    ]);
    client.send(BIG);
    expect(client.take()).toMatchObject([{ action: 'subscribe' }]);
  });

  it('is limited as before after a token that is wrong', async () => {
    const { client, check } = await world();
    client.send({ id: 1, command: 'auth', token: 'bad' });
    client.send({ id: 2, command: 'auth', token: 'good' });
    client.subscribe(['a.b.*']);
    await check();
    expect(client.take()).toMatchObject([{ action: 'error', object: { code: 'token_invalid' } }]);
    await check();
    expect(client.take().map(({ action }) => action)).toEqual(['auth', 'subscribe']);
    const other = await world();
    other.client.send({ id: 1, command: 'auth', token: 'bad' });
    other.client.send(BIG);
    await other.check();
    expect(closeOf(other.client)).toMatchObject({ code: 1009 });
  });
});
