import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { EncodedEvent } from '../../src/hub/encoded-event.ts';
import { outboxOf, type Outbox } from '../../src/hub/outbox.ts';
import { Stats } from '../../src/hub/stats.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { anEvent, startHub, type TestConnection } from '../support/connection.ts';
import { readFrames } from '../support/transport.ts';
import { runs } from '../support/runs.ts';

/** Encodes an event as its key, and does not support an event without one. */
const encode = ({ key }: HubEvent): string | undefined => (key === '' ? undefined : JSON.stringify({ key }));
const plain: Encoding = { name: 'plain', encode };
const batched = (size: number): Encoding => ({
  name: `batched ${size}`,
  encode,
  batch: { size, join: (texts) => `[${texts.join(',')}]` },
});
/** The kind is the first letter of the key. A key that begins with `-` has no kind. */
const conflateBy: Encoding = {
  name: 'newest',
  encode,
  conflateBy: ({ key }) => (key.startsWith('-') ? undefined : key.slice(0, 1)),
};

const encoded = (key: string): EncodedEvent => new EncodedEvent(anEvent({ key }), new Stats());
/** What the outbox returned for each of the keys. */
const fill = (outbox: Outbox, ...keys: readonly string[]): (number | undefined)[] =>
  keys.map((key) => outbox.add(encoded(key)));
/** The texts of everything that waits, and how many events each one is. */
function emptied(outbox: Outbox): { texts: string[]; events: readonly number[] | undefined } {
  const { frames, events } = outbox.take();
  return { texts: readFrames(Buffer.concat(frames)).map(({ payload }) => payload.toString()), events };
}
const said = (...keys: readonly string[]): string[] => keys.map((key) => JSON.stringify({ key }));

describe('an outbox', () => {
  it.each([plain, batched(3), conflateBy])(
    'of $name is empty until something waits, and again when that was taken',
    (encoding) => {
      const outbox = outboxOf(encoding, false);
      expect(outbox.isEmpty).toBe(true);
      expect(fill(outbox, '', '')).toEqual([undefined, undefined]);
      expect(outbox.isEmpty).toBe(true);
      expect(outbox.take().frames).toEqual([]);
      expect(fill(outbox, 'a')).toEqual([0]);
      expect(outbox.isEmpty).toBe(false);
      expect(emptied(outbox).texts).toEqual(said('a'));
      expect(outbox.isEmpty).toBe(true);
      expect(outbox.take().frames).toEqual([]);
    },
  );

  it('of batches makes no frame twice for connections that leave, and no full frame twice for a later event', () => {
    const outbox = outboxOf(batched(3), true);
    fill(outbox, 'a', 'b', 'c', 'd');
    const [full, begun] = outbox.peek().frames;
    expect(outbox.peek().frames[0]).toBe(full);
    expect(outbox.peek().frames[1]).toBe(begun);
    fill(outbox, 'e');
    expect(outbox.peek().frames[0]).toBe(full);
    expect(emptied(outbox)).toEqual({
      texts: [`[${said('a', 'b', 'c').join()}]`, `[${said('d', 'e').join()}]`],
      events: [3, 2],
    });
  });

  it.each([plain, conflateBy])(
    'of $name gives the same frame as every other outbox of the encoding',
    (encoding) => {
      const event = encoded('a');
      const [one, two] = [outboxOf(encoding, false), outboxOf(plain, false)];
      one.add(event);
      two.add(event);
      expect(one.take().frames[0]).toBe(two.take().frames[0]);
    },
  );

  it.each([plain, conflateBy, batched(3)])(
    'of $name does not change what it gave when more comes',
    (encoding) => {
      const outbox = outboxOf(encoding, false);
      fill(outbox, 'a', 'b');
      const { frames } = outbox.take();
      const before = Buffer.concat(frames);
      fill(outbox, 'c', 'a');
      outbox.take();
      expect(Buffer.concat(frames)).toEqual(before);
    },
  );
});

describe('an outbox of frames', () => {
  it('gives one frame for each event, in order', () => {
    const outbox = outboxOf(plain, false);
    expect(fill(outbox, 'a', '', 'b', 'a')).toEqual([0, undefined, 0, 0]);
    expect(emptied(outbox)).toEqual({ texts: said('a', 'b', 'a'), events: undefined });
  });

  it('is used for batches of one event too', () => {
    const outbox = outboxOf(batched(1), false);
    fill(outbox, 'a', 'b');
    expect(emptied(outbox)).toEqual({ texts: said('a', 'b'), events: undefined });
  });
});

describe('an outbox of batches', () => {
  it('gives several events in one frame, with their number', () => {
    const outbox = outboxOf(batched(3), false);
    fill(outbox, 'a', 'b', '', 'c', 'd', 'e');
    const [a, b, c, d, e] = said('a', 'b', 'c', 'd', 'e');
    expect(emptied(outbox)).toEqual({ texts: [`[${a},${b},${c}]`, `[${d},${e}]`], events: [3, 2] });
  });

  it('gives a single event as it is, also when it is the last of many', () => {
    const outbox = outboxOf(batched(2), false);
    fill(outbox, 'a', 'b', 'c');
    const [a, b, c] = said('a', 'b', 'c');
    expect(emptied(outbox)).toEqual({ texts: [`[${a},${b}]`, c], events: [2, 1] });
    fill(outbox, 'd');
    expect(emptied(outbox)).toEqual({ texts: said('d'), events: [1] });
  });
});

describe('an outbox that conflates', () => {
  it('gives the newest event of each kind, in the order in which those came', () => {
    const outbox = outboxOf(conflateBy, false);
    expect(fill(outbox, 'a1', 'b1', 'a2', 'c1', 'b2')).toEqual([0, 0, 1, 0, 1]);
    expect(emptied(outbox).texts).toEqual(said('a2', 'c1', 'b2'));
  });

  it('gives every event that has no kind', () => {
    const outbox = outboxOf(conflateBy, false);
    expect(fill(outbox, '-1', 'a1', '-1', 'a2', '-2')).toEqual([0, 0, 0, 1, 0]);
    expect(emptied(outbox).texts).toEqual(said('-1', '-1', 'a2', '-2'));
  });

  it('does not count the next event of a kind as newer once it gave the one before', () => {
    const outbox = outboxOf(conflateBy, false);
    fill(outbox, 'a1');
    outbox.take();
    expect(fill(outbox, 'a2')).toEqual([0]);
  });

  it('gives or replaces every event, and gives the last one of each kind last', () => {
    const key = fc.constantFrom('', '-', 'a1', 'a2', 'b1', 'b2', 'c1');
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const outbox = outboxOf(conflateBy, false);
        const outcomes = fill(outbox, ...keys);
        const { texts } = emptied(outbox);
        const conflated = outcomes.reduce<number>((sum, each) => sum + (each ?? 0), 0);
        const unknown = outcomes.filter((each) => each === undefined).length;
        expect(texts.length + conflated + unknown).toBe(keys.length);
        const spoken = keys.filter((each) => each !== '');
        expect(texts.at(-1)).toBe(spoken.length === 0 ? undefined : said(spoken.at(-1) ?? '')[0]);
      }),
    );
  });
});

describe('the counts of deliveries', () => {
  it('say for each member of a cohort how many events were conflated', async () => {
    const test = await startHub();
    for (let n = 0; n < 3; n++) test.subscriber(['*.*.*'], { encoding: conflateBy });
    const { received, delivered } = test.hub.stats.total;
    for (const key of ['a1', 'a2', 'b1', 'a3']) test.broker.append({ key });
    test.hub.delivery.flush();
    expect(test.hub.stats.total.received - received).toBe(12);
    expect(test.hub.stats.total.delivered - delivered).toBe(6);
    expect(test.hub.stats.total.conflated).toBe(6);
  });

  it('add up in every encoding, whichever connections join, are slow, are closed or leave meanwhile', async () => {
    const encodings = [
      plain,
      batched(2),
      batched(3),
      conflateBy,
      { ...conflateBy, name: 'slow', minIntervalMs: 50 },
    ];
    const step = fc.oneof(
      fc.record({ do: fc.constant('join' as const), encoding: fc.constantFrom(...encodings) }),
      fc.record({
        do: fc.constantFrom('leave' as const, 'fill' as const, 'drain' as const),
        which: fc.nat(9),
      }),
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('tell' as const), key: fc.constantFrom('', '-', 'a', 'b') }),
      },
      fc.record({ do: fc.constantFrom('turn' as const, 'wait' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const test = await startHub({ queue: { maxDeliveries: 4, maxBytes: 100_000 } });
        const clients: TestConnection[] = [];
        for (const each of steps) {
          const client = 'which' in each ? clients[each.which % Math.max(clients.length, 1)] : undefined;
          if (each.do === 'join') clients.push(test.subscriber(['*.*.*'], { encoding: each.encoding }));
          else if (each.do === 'tell') test.broker.append({ key: each.key });
          else if (each.do === 'turn') test.clock.turn();
          else if (each.do === 'wait') test.clock.advance(30);
          else if (each.do === 'drain') client?.transport.drain();
          else if (each.do === 'leave' && client !== undefined)
            test.hub.connections.detach(client.connection, 'gone');
          else if (client !== undefined) client.transport.full = true;
        }
        await test.hub.stop();
        const { received, delivered, filtered, notPermitted, unsupported, droppedSlow, conflated } =
          test.hub.stats.total;
        expect(delivered + filtered + notPermitted + unsupported + droppedSlow + conflated).toBe(received);
      }),
      { numRuns: runs(300) },
    );
  });
});
