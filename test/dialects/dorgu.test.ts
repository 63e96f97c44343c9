import { describe, expect, it } from 'vitest';
import type { Session, OpenRequest } from '../../src/dialects/dialect.ts';
import { loadConfig } from '../../src/config/config.ts';
import { dorgu } from '../../src/dialects/dorgu.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { Grants } from '../../src/model/principal.ts';
import { anEvent, anIdentity, settled, startHub, type TestConnection } from '../support/connection.ts';

const NOBODY = new BelfryError('credentials_missing', 'No credentials.');

function open(request: Partial<OpenRequest> = {}): Session {
  return dorgu.open({
    path: '/ws',
    query: new URLSearchParams(),
    caller: NOBODY,
    now: 0,
    anonymous: true,
    settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
    retained: async () => [],
    ...request,
  }) as Session;
}

describe('a dorgu socket', () => {
  it('has the heartbeat and the limits of its document', () => {
    expect(open()).toMatchObject({
      heartbeat: { pingMs: 25_000, pongWaitMs: 60_000 },
      limits: { inboundMaxBytes: 512 },
    });
    expect(open().deflate).toBeUndefined();
  });

  it('has the write timeout of every socket, ten seconds, which its document names too', () => {
    expect(loadConfig({}).writeTimeoutMs).toBe(10_000);
  });

  it('reads frames as large as the real server does when the setting permits it', () => {
    const settings = { nornAllowedOrigins: [], dorguInboundMaxBytes: 524_288, cloudeventsSource: '/belfry' };
    expect(open({ settings, anonymous: false, caller: anIdentity() }).limits?.inboundMaxBytes).toBe(524_288);
  });

  it('accepts a page of any origin', () => {
    for (const origin of ['https://evil.example', 'null', '']) expect(() => open({ origin })).not.toThrow();
  });

  it('is open to everybody: a valid token names the principal, an invalid one is ignored', () => {
    expect(open({ caller: anIdentity({ principal: 'user:ann' }) }).identity.principal).toBe('user:ann');
    expect(open().identity.principal).toBe('unknown');
    const bad = new BelfryError('token_invalid', 'The token is not valid.');
    expect(open({ caller: bad }).identity.principal).toBe('unknown');
  });

  it('receives cluster events only, with any token, and may publish nothing', () => {
    for (const caller of [NOBODY, anIdentity({ subscribe: Grants.all, publish: Grants.all })]) {
      const { identity, subscriptions } = open({ caller });
      const heard = (type: string, action: string): boolean => {
        const event = anEvent({ type, action, key: 'eu.prod' });
        return (
          identity.subscribe.permit(event) && subscriptions.some(({ pattern }) => pattern.matches(event))
        );
      };
      expect(['added', 'updated', 'deleted'].every((action) => heard('cluster', action))).toBe(true);
      expect(['synced', '*', ''].some((action) => heard('cluster', action))).toBe(false);
      expect(['deploy', 'clusters', 'machines', 'belfry'].some((type) => heard(type, 'added'))).toBe(false);
      expect(identity.publish).toBe(Grants.none);
      expect(identity.expiresAt).toBeUndefined();
    }
  });
});

describe('a burst of cluster events', () => {
  /** The frames that a dorgu client receives for events that all wait for one flush. */
  async function heard(...events: readonly [action: string, name: string][]): Promise<string[]> {
    const { broker, commands, connect, hub } = await startHub();
    const session = open();
    const client: TestConnection = connect({ dialect: dorgu, ...session });
    commands.open(client.connection, session);
    await settled();
    for (const [action, key] of events) broker.append({ type: 'cluster', action, key });
    hub.delivery.flush();
    const { received, delivered, conflated, unsupported } = hub.stats.total;
    expect(delivered + conflated + unsupported).toBe(received);
    return client
      .takeTexts()
      .map((text) => JSON.parse(text) as { type: string; data: { name: string } })
      .map(({ type, data }) => `${type} ${data.name}`);
  }

  it('is sent as one frame if it is about one cluster', async () => {
    const burst = Array.from({ length: 50 }, (): [string, string] => ['updated', 'prod']);
    expect(await heard(...burst)).toEqual(['cluster.updated prod']);
  });

  it('is sent as one frame for each cluster, in the order of the last events', async () => {
    expect(await heard(['updated', 'a'], ['updated', 'b'], ['updated', 'c'], ['updated', 'a'])).toEqual([
      'cluster.updated b',
      'cluster.updated c',
      'cluster.updated a',
    ]);
  });

  it('loses no kind of event', async () => {
    expect(
      await heard(['added', 'prod'], ['updated', 'prod'], ['updated', 'prod'], ['deleted', 'prod']),
    ).toEqual(['cluster.added prod', 'cluster.updated prod', 'cluster.deleted prod']);
  });

  it.each([
    [['added', 'updated', 'deleted', 'added'], 'added'],
    [['updated', 'deleted', 'updated', 'deleted'], 'deleted'],
    [['deleted', 'added', 'updated', 'added', 'updated'], 'updated'],
  ])('ends with its last event when it is %j', async (actions, last) => {
    const told = await heard(...actions.map((action): [string, string] => [action, 'prod']));
    expect(told.at(-1)).toBe(`cluster.${last} prod`);
    expect(new Set(told).size).toBe(told.length);
  });
});
