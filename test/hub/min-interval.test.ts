import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/dialects/dialect.ts';
import { settled, startHub, type TestConnection, type TestHub } from '../support/connection.ts';

const plain: Encoding = { name: 'plain', encode: ({ key }) => JSON.stringify({ key }) };

describe('a cohort whose encoding has a minimum interval', () => {
  const slow: Encoding = { ...plain, name: 'slow', minIntervalMs: 100 };
  /** Publishes, and lets the turn end. */
  const publish = ({ broker, clock }: TestHub, ...keys: readonly string[]): void => {
    for (const key of keys) broker.append({ key });
    clock.turn();
  };
  const keysOf = (client: TestConnection): unknown[] => client.take().map(({ key }) => key);

  it('is sent the first event at once, and the others together at the end of the interval', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*'], { encoding: slow });
    publish(test, '1');
    expect(keysOf(client)).toEqual(['1']);
    publish(test, '2');
    test.clock.advance(60);
    publish(test, '3');
    test.clock.advance(39);
    test.clock.turn();
    expect(keysOf(client)).toEqual([]);
    const writes = client.transport.writes.length;
    test.clock.advance(1);
    test.clock.turn();
    expect(keysOf(client)).toEqual(['2', '3']);
    expect(client.transport.writes).toHaveLength(writes + 1);
  });

  it('is sent an event at once when the interval was quiet', async () => {
    const test = await startHub();
    const client = test.subscriber(['*.*.*'], { encoding: slow });
    publish(test, '1');
    test.clock.advance(100);
    publish(test, '2');
    expect(keysOf(client)).toEqual(['1', '2']);
  });

  it('does not delay other cohorts', async () => {
    const test = await startHub();
    test.subscriber(['*.*.*'], { encoding: slow });
    const client = test.subscriber(['*.*.*']);
    publish(test, '1');
    publish(test, '2');
    expect(client.takeKeys()).toEqual(['1', '2']);
  });

  it('keeps its interval when a connection joins or leaves, which alone is sent what waits for it', async () => {
    const test = await startHub();
    const one = test.subscriber(['*.*.*'], { encoding: slow });
    publish(test, '1');
    publish(test, '2');
    const two = test.subscriber(['*.*.*'], { encoding: slow });
    expect([keysOf(one), keysOf(two)]).toEqual([['1'], []]);
    publish(test, '3');
    publish(test, '4');
    test.hub.connections.detach(two.connection, 'gone');
    expect([keysOf(one), keysOf(two)]).toEqual([[], ['3', '4']]);
    await test.hub.stop();
    expect(keysOf(one)).toEqual(['2', '3', '4']);
  });

  it('keeps its interval, with one timer, however many connections join meanwhile', async () => {
    const test = await startHub();
    const { clock } = test;
    const client = test.subscriber(['*.*.*'], { encoding: slow });
    publish(test, 'first');
    for (let n = 0; n < 50; n++) {
      publish(test, 'waits');
      test.subscriber(['*.*.*'], { encoding: slow });
    }
    publish(test, 'waits');
    client.takeTexts();
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, run) => {
      timers++;
      return after(ms, run);
    };
    const flushes: number[] = [];
    for (let ms = 0; ms < 1_000; ms += 10) {
      publish(test, String(ms));
      clock.advance(10);
      clock.turn();
      if (client.takeTexts().length > 0) flushes.push(ms + 10);
    }
    expect(flushes).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    expect(timers).toBeLessThanOrEqual(10);
  });
});

describe('an event that ends its stream', () => {
  const ending: Encoding = {
    ...plain,
    name: 'ending',
    closesAfterMs: ({ action }) => (action === 'end' ? 1_000 : undefined),
  };

  it('closes every connection that heard it with 1000, after the time that its encoding names and after everything was sent', async () => {
    const test = await startHub();
    const [one, two] = [
      test.subscriber(['*.*.a'], { encoding: ending }),
      test.subscriber(['*.*.a'], { encoding: ending }),
    ];
    test.publish({ key: 'a' });
    test.publish({ key: 'a', action: 'end' });
    test.clock.advance(999);
    expect([one.transport.closed, two.transport.closed]).toEqual([undefined, undefined]);
    test.broker.append({ key: 'a', action: 'late' });
    test.clock.advance(1);
    await settled();
    for (const client of [one, two]) {
      expect(client.transport.closed?.code).toBe(1000);
      expect(client.takeTexts()).toEqual(['{"key":"a"}', '{"key":"a"}', '{"key":"a"}']);
    }
    expect(test.hub.connections.size).toBe(0);
  });

  it('closes no connection that hears other events, or in another encoding', async () => {
    const test = await startHub();
    const others = [
      test.subscriber(['*.*.b'], { encoding: ending }),
      test.subscriber(['*.save.*'], { encoding: ending }),
      test.subscriber(['*.*.a'], { encoding: plain }),
      test.subscriber(['*.*.a']),
    ];
    const ended = test.subscriber(['*.*.a'], { encoding: ending });
    test.publish({ key: 'a', action: 'end' });
    test.clock.advance(10_000);
    await settled();
    expect(ended.transport.closed?.code).toBe(1000);
    expect(others.map(({ transport }) => transport.closed)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
