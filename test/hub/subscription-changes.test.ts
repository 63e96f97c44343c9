import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../src/model/pattern.ts';
import { startHub, type TestConnection } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

const HELD = 998;

/** A client with so many subscriptions of 230 characters, and a function that toggles one more. */
async function holding(
  count: number,
  beside = 0,
): Promise<{ readonly toggle: () => void; readonly heard: () => string[] }> {
  const test = await startHub({ maxPerSecond: 1_000_000 });
  const patterns = Array.from({ length: count }, (_, n) => `profiles.save.${'x'.repeat(210)}${n}`);
  const clients = Array.from({ length: 1 + beside }, () => test.subscriber(patterns));
  const [client] = clients as [TestConnection];
  let toggled = 0;
  return {
    toggle: () => {
      const pattern = `profiles.save.more${++toggled}`;
      client.send({ id: 1, command: 'subscribe', patterns: [pattern] });
      client.send({ id: 2, command: 'unsubscribe', patterns: [pattern] });
      test.clock.turn();
    },
    heard: () => {
      client.takeTexts();
      for (const key of [`more${toggled}`, `${'x'.repeat(210)}0`]) test.publish({ key });
      return client.takeKeys();
    },
  };
}

/** How many milliseconds of CPU one run takes. */
function msOf(run: () => void, times: number): number {
  const began = process.threadCpuUsage();
  for (let n = 0; n < times; n++) run();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1_000 / times;
}

describe('a client that toggles one subscription of many', () => {
  it.each([0, 1])(
    'costs what changes, and not the 998 other subscriptions, when %i more clients have them too',
    async (more) => {
      const { toggle, heard } = await holding(HELD, more);
      msOf(toggle, 100);
      // This is for two commands and the update of the registry. It was 5 ms before.
      expect(msOf(toggle, 500)).toBeLessThan(1);
      expect(heard()).toEqual([`${'x'.repeat(210)}0`]);
    },
  );
});

describe('connections that change their subscriptions at random', () => {
  const pattern = fc.constantFrom('a.b.1', 'a.b.2', 'a.b.1,2', 'a.*.1', '*.*.*', 'a.b,c.1,3', 'c.b.*');
  const step = fc.oneof(
    fc.record({ what: fc.constant('subscribe'), who: fc.nat(2), pattern, filtered: fc.boolean() }),
    fc.record({ what: fc.constant('unsubscribe'), who: fc.nat(2), pattern }),
    fc.record({
      what: fc.constant('publish'),
      key: fc.constantFrom('1', '2', '3'),
      type: fc.constantFrom('a', 'c'),
    }),
    fc.record({ what: fc.constant('flush') }),
  );

  it('hear every event that they subscribed to at that time once, and share a cohort when they are equal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { broker, connect, hub } = await startHub();
        const clients = [connect(), connect(), connect()];
        const held = clients.map(() => new Map<string, boolean>());
        const expected = clients.map((): (string | undefined)[] => []);
        for (const each of steps) {
          if (each.what === 'flush') hub.delivery.flush();
          if ('who' in each) {
            const { who, pattern: text } = each;
            const filters = 'filtered' in each && each.filtered ? { key: '1' } : {};
            clients[who]?.send({
              id: 1,
              command: each.what,
              patterns: [text],
              ...('filtered' in each && { filters }),
            });
            if ('filtered' in each) held[who]?.set(text, each.filtered);
            else held[who]?.delete(text);
          }
          if ('key' in each) {
            const event = broker.append({ type: each.type, action: 'b', key: each.key });
            for (const [n, subscribed] of held.entries()) {
              const matches = [...subscribed].some(
                ([text, filtered]) => Pattern.parse(text).matches(event) && (!filtered || event.key === '1'),
              );
              if (matches) expected[n]?.push(event.id);
            }
          }
        }
        hub.delivery.flush();
        const heard = clients.map((client) =>
          client.take().flatMap(({ id, type }) => (type === 'belfry' ? [] : id)),
        );
        expect(heard).toEqual(expected);
        const texts = held.map((subscribed) =>
          JSON.stringify([...subscribed].toSorted(([a], [b]) => (a < b ? -1 : 1))),
        );
        for (const [n, client] of clients.entries()) {
          const share = client.connection.cohort === clients[0]?.connection.cohort;
          expect(share).toBe(texts[n] === texts[0]);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
