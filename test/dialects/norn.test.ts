import { describe, expect, it } from 'vitest';
import { Refusal, type Session, type OpenRequest } from '../../src/dialects/dialect.ts';
import { norn } from '../../src/dialects/norn.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { Grants } from '../../src/model/principal.ts';
import { anEvent, anIdentity } from '../support/connection.ts';
import { thrownBy } from '../support/thrown.ts';

const NOW = Date.parse('2025-01-15T10:30:00Z');
const NOBODY = new BelfryError('credentials_missing', 'No credentials.');
const ALLOWED = ['https://norn.example.com', 'http://10.0.0.7:5173'];

function open(request: Partial<OpenRequest> = {}): Session {
  return norn.open({
    path: '/ws',
    query: new URLSearchParams(),
    caller: NOBODY,
    now: NOW,
    anonymous: true,
    settings: { nornAllowedOrigins: ALLOWED, dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
    retained: async () => [],
    ...request,
  }) as Session;
}

const outcome = (origin: string): string => {
  const refusal = thrownBy(() => open({ origin }));
  return refusal instanceof Refusal ? `${refusal.status} ${refusal.body}` : 'allowed';
};

describe('a norn socket', () => {
  it.each([
    ['none, as clients that are no browser send', ''],
    ['the first of the document', 'http://localhost:5173'],
    ['the second of the document', 'http://localhost:3000'],
    ['one of NORN_ALLOWED_ORIGINS', 'https://norn.example.com'],
    ['one of NORN_ALLOWED_ORIGINS, with its port', 'http://10.0.0.7:5173'],
    ['localhost at any port', 'http://localhost:61234'],
    ['localhost at no port', 'http://localhost'],
    ['localhost with any scheme', 'https://localhost'],
    ['localhost with a scheme of an application', 'tauri://localhost'],
    ['127.0.0.1', 'http://127.0.0.1:8800'],
    ['::1', 'http://[::1]:3'],
    ['localhost with a path, which is not of the host', 'http://localhost:3000/'],
  ])('accepts a page whose origin is %s', (_what, origin) => {
    expect(outcome(origin)).toBe('allowed');
  });

  it.each([
    ['opaque', 'null'],
    ['a file', 'file://'],
    ['another host', 'https://evil.example'],
    ['a host that begins like localhost', 'http://localhost.evil.com'],
    ['a host that ends like localhost', 'http://evil-localhost'],
    ['a host with localhost for its user', 'http://localhost@evil.com'],
    ['a host with localhost for its user, and a password', 'http://localhost:80@evil.com'],
    ['a host with localhost in its path', 'http://evil.com/http://localhost'],
    ['a listed host in capitals', 'https://NORN.example.com'],
    ['a listed host at another port', 'https://norn.example.com:8443'],
    ['a listed host with another scheme', 'http://norn.example.com'],
    ['a listed host with a slash more', 'https://norn.example.com/'],
    ['localhost in capitals', 'http://LOCALHOST:3000'],
    ['another address of this machine', 'http://127.0.0.2:3000'],
    ['an address that a browser would write out', 'http://127.1'],
    ['a star', '*'],
    ['a host without scheme', 'localhost:3000'],
    ['two of the allowed', 'http://localhost:3000, http://localhost:5173'],
  ])('refuses a page whose origin is %s', (_what, origin) => {
    expect(outcome(origin)).toBe('403 Forbidden');
  });

  it('refuses with the header and the body of its own server', () => {
    expect(thrownBy(() => open({ origin: 'null' }))).toMatchObject({
      status: 403,
      body: 'Forbidden',
      headers: { 'Sec-Websocket-Version': '13' },
    });
  });

  it('has the limits of its document, and a ping that its own server lacks', () => {
    expect(open()).toMatchObject({
      limits: { queueMaxDeliveries: 64 },
      heartbeat: { pingMs: 25_000, pongWaitMs: 75_000 },
    });
    expect(open().deflate).toBeUndefined();
    expect(open().authWithinMs).toBeUndefined();
  });

  it('is open to everybody: a valid token names the principal, an invalid one is ignored', () => {
    const ann = anIdentity({ principal: 'user:ann', roles: ['admin'], expiresAt: NOW + 1 });
    expect(open({ caller: ann }).identity.principal).toBe('user:ann');
    expect(open().identity.principal).toBe('unknown');
    const bad = new BelfryError('token_invalid', 'The token is not valid.');
    expect(open({ caller: bad }).identity.principal).toBe('unknown');
  });

  it("receives events of norn's types only, with any token, and may publish nothing", () => {
    const callers = [NOBODY, anIdentity({ subscribe: Grants.all, publish: Grants.all }), anIdentity()];
    const sessions = callers.map((caller) => open({ caller }));
    expect(new Set(sessions.map(({ identity }) => identity.subscribe.text)).size).toBe(1);
    for (const { identity, subscriptions } of sessions) {
      const heard = (type: string): boolean => {
        const event = anEvent({ type, action: 'x', key: 'a.b' });
        return (
          identity.subscribe.permit(event) && subscriptions.some(({ pattern }) => pattern.matches(event))
        );
      };
      const own = ['deploy', 'preflight', 'app', 'function', 'snapshot', 'beacon'];
      const older = ['forge', 'teardown', 'secrets', 'health', 'cron', 'func'];
      expect([...own, ...older].filter((type) => !heard(type))).toEqual([]);
      expect(['cluster', 'machines', 'deployment', 'belfry', '*', ''].filter(heard)).toEqual([]);
      expect(identity.publish).toBe(Grants.none);
      expect(identity.roles).toEqual([]);
    }
  });

  it('does not end when its token expires, since it needs none', () => {
    const { identity } = open({ caller: anIdentity({ expiresAt: NOW + 1 }) });
    expect(identity.expiresAt).toBeUndefined();
  });

  it('asks for the last minute, and is sent the part that is not older than 30 s', () => {
    const { replay } = open();
    if (replay === undefined || !('select' in replay)) throw new Error('no request to replay');
    expect(replay.lastMs).toBe(60_000);
    const at = (id: string) => anEvent({ id, type: 'deploy', action: 'step', object: { sagaId: id } });
    const events = [NOW - 30_001, NOW - 30_000, NOW].map((ms) => at(`${ms}-0`));
    expect(replay.select(events)).toEqual(events.slice(1));
  });
});
