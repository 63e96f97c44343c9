import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import type { Deliveries } from '../../src/hub/stats.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { Grants } from '../../src/model/principal.ts';
import { anIdentity, settled, startHub, type TestConnection, type TestHub } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

const name = fc.constantFrom('a', 'b');
const pattern = fc.constantFrom('*.*.*', 'a.*.*', '*.*.b', 'a,b.a.*', 'b.b.b');
const which = fc.nat(5);
const operation = fc.oneof(
  fc.record({
    do: fc.constant('connect' as const),
    dialect: fc.constantFrom(...DIALECTS),
    grants: fc.constantFrom('*.*.*', 'a.*.*'),
  }),
  fc.record({
    do: fc.constant('subscribe' as const),
    which,
    pattern,
    since: fc.option(fc.nat(30)),
    filtered: fc.boolean(),
    slow: fc.constantFrom('close', 'drop-oldest', 'latest-per-key'),
  }),
  fc.record({ do: fc.constant('unsubscribe' as const), which, pattern }),
  fc.record({
    do: fc.constantFrom(
      'ping',
      'rejected input',
      'publish',
      'close',
      'detach',
      'fill',
      'drain',
      'grant',
      'revoke',
    ),
    which,
  }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('event' as const),
      type: name,
      action: name,
      key: name,
      size: fc.constantFrom(0, 0, 2_000, 700_000),
    }),
  },
  fc.record({ do: fc.constantFrom('gap', 'flush', 'turn', 'second', 'settle') }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Everything that can happen to a hub, one step at a time. */
async function happen(test: TestHub, clients: TestConnection[], operated: Operation): Promise<void> {
  const { broker, clock, hub } = test;
  const client = 'which' in operated ? clients[operated.which % Math.max(clients.length, 1)] : undefined;
  switch (operated.do) {
    case 'connect':
      clients.push(
        test.connect({
          dialect: operated.dialect,
          identity: anIdentity({ subscribe: Grants.parse([operated.grants]) }),
        }),
      );
      return;
    case 'subscribe': {
      if (client === undefined) return;
      if (client.connection.dialect.name === 'drp') return client.send(`register ${operated.pattern}`);
      const filters = operated.filtered ? { key: 'a' } : {};
      const since = operated.since === null ? {} : { since: `${operated.since}-0` };
      return client.subscribe([operated.pattern], { filters, slow: operated.slow, ...since });
    }
    case 'unsubscribe':
      if (client?.connection.dialect.name === 'drp') return client.send(`deregister ${operated.pattern}`);
      return client?.send({ id: 1, command: 'unsubscribe', patterns: [operated.pattern] });
    case 'event': {
      const { type, action, key, size } = operated;
      return void broker.append({ type, action, key, object: 'x'.repeat(size) });
    }
    case 'gap':
      return broker.deliverLive({ type: 'belfry', action: 'gap', key: '1-0' });
    case 'ping':
      return client?.send({ id: 1, command: 'ping' });
    case 'rejected input':
      return client?.send('rejected input');
    case 'publish':
      return client?.send({ id: 1, command: 'publish', events: [{ type: 'a', action: 'b', key: 'a' }] });
    case 'grant':
    case 'revoke': {
      const subscribe = operated.do === 'grant' ? Grants.all : Grants.parse(['b.*.*']);
      return client && hub.connections.identify(client.connection, anIdentity({ subscribe }));
    }
    case 'close':
      return client?.connection.close(CLOSE.byOperator);
    case 'detach':
      if (client !== undefined) hub.connections.detach(client.connection, 'gone');
      return;
    case 'fill':
      if (client !== undefined) client.transport.full = true;
      return;
    case 'drain':
      return client?.transport.drain();
    case 'flush':
      return hub.delivery.flush();
    case 'turn':
      return clock.turn();
    case 'second':
      return clock.advance(1_000);
    case 'settle':
      return settled();
  }
}

/** The deliveries of one dialect: how many were received, and what became of them. */
function sumOf({ received, ...outcomes }: Deliveries): readonly [number, number] {
  return [received, Object.values(outcomes).reduce((sum, count) => sum + count, 0)];
}

describe('the counts of a node', () => {
  it('add up, whatever happens: received is delivered, filtered, not permitted, unsupported, dropped or conflated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 60 }), async (operations) => {
        const test = await startHub({
          queue: { maxDeliveries: 6, maxBytes: 1_000_000 },
          recentEvents: 5,
          writeTimeoutMs: 5_000,
        });
        const clients: TestConnection[] = [];
        for (const operated of operations) await happen(test, clients, operated);
        await settled();
        test.hub.delivery.flush();
        for (const { transport } of clients) transport.drain();
        await settled();
        test.hub.delivery.flush();
        for (const { transport } of clients) transport.drain();
        for (const deliveries of test.hub.stats.byDialect.values()) {
          const [received, became] = sumOf(deliveries);
          expect(became).toBe(received);
        }
        const texts = clients.reduce((sum, { transport }) => sum + transport.texts.length, 0);
        expect(test.hub.stats.total.delivered).toBe(texts);
        const slow = clients.filter(({ transport }) => transport.closed?.code === 4008);
        expect(test.hub.stats.slowCloses).toBe(slow.length);
        expect(test.hub.connections.size).toBe(clients.filter(({ connection }) => connection.isOpen).length);
      }),
      { numRuns: runs(400) },
    );
  });

  it('say what became of one event at each connection', async () => {
    const { connect, subscriber, hub, publish } = await startHub();
    subscriber(['a.*.*']);
    subscriber(['a.*.*'], { filters: { key: 'x' } });
    subscriber(['*.*.b']);
    const limited = connect({ identity: anIdentity({ subscribe: Grants.parse(['b.*.*']) }) });
    limited.subscribe(['*.*.*']);
    const { received, delivered, filtered, notPermitted } = hub.stats.total;
    publish({ type: 'a', key: 'y' });
    expect(hub.stats.total.received - received).toBe(3);
    expect(hub.stats.total.delivered - delivered).toBe(1);
    expect(hub.stats.total.filtered - filtered).toBe(1);
    expect(hub.stats.total.notPermitted - notPermitted).toBe(1);
    expect(hub.stats.events).toBe(1);
  });
});
