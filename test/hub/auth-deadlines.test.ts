import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';
import { anIdentity, settled, startHub } from '../support/connection.ts';

describe('a connection', () => {
  it('is closed with 4001 when its token expires', async () => {
    const { clock, connect } = await startHub();
    const client = connect({ identity: anIdentity({ expiresAt: clock.now() + 60_000 }) });
    const forever = connect();
    clock.advance(59_000);
    expect(client.transport.closed).toBeUndefined();
    clock.advance(1_000);
    expect(client.transport.closed).toEqual({ code: 4001, reason: CLOSE.tokenExpired.reason });
    expect(forever.transport.closed).toBeUndefined();
  });

  it('stays open when its token is renewed with the command auth', async () => {
    const identity = { value: anIdentity() };
    const { clock, connect } = await startHub({ authenticate: async () => identity.value });
    const client = connect({ identity: anIdentity({ expiresAt: clock.now() + 60_000 }) });
    identity.value = anIdentity({ expiresAt: clock.now() + 120_000 });
    client.send({ command: 'auth', token: 'new' });
    await settled();
    clock.advance(119_000);
    expect(client.transport.closed).toBeUndefined();
    clock.advance(1_000);
    expect(client.transport.closed?.code).toBe(4001);
  });

  it('is closed with 1013, after which a client comes back, when it has no credentials and sends none in time', async () => {
    const { clock, connect } = await startHub();
    const client = connect({ authWithinMs: 10_000 });
    clock.advance(9_000);
    client.send({ command: 'ping' });
    expect(client.transport.closed).toBeUndefined();
    clock.advance(1_000);
    expect(client.transport.closed).toEqual({ code: 1013, reason: 'no credentials came in time; try later' });
  });

  it('stays open until its token expires when it sends credentials in time', async () => {
    const { clock, connect } = await startHub({ authenticate: async () => anIdentity() });
    const client = connect({ authWithinMs: 10_000 });
    client.send({ command: 'auth', token: 'good' });
    await settled();
    clock.advance(600_000);
    expect(client.transport.closed).toBeUndefined();
  });

  it('is closed with 1008 when the credentials that it sends in time are wrong', async () => {
    const { clock, connect } = await startHub();
    const client = connect({ authWithinMs: 10_000 });
    client.send({ command: 'auth', token: 'bad' });
    await settled();
    clock.advance(10_000);
    expect(client.transport.closed?.code).toBe(1008);
  });
});
