import { describe, expect, it } from 'vitest';
import { forgetRecent, settled, startHub, type TestConnection, type TestHub } from '../support/connection.ts';

/** A hub whose log has this many events, of which the node itself remembers none. */
async function hubAfter(count: number): Promise<TestHub> {
  const test = await startHub();
  for (let n = 1; n <= count; n++) test.publish({ key: `${n}` });
  forgetRecent(test);
  return test;
}

/** A client that comes back and has heard this many events. */
function comesBack({ connect }: TestHub, heard: number): TestConnection {
  const client = connect();
  client.subscribe(['*.*.*'], { since: `${heard}-0` });
  return client;
}

const missed = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `${from + n + 1}`);

describe('clients that come back together after more than the recent events', () => {
  it('each hear exactly what they missed, from one reading of the log', async () => {
    const test = await hubAfter(400);
    const clients = Array.from({ length: 300 }, (_, n) => comesBack(test, 300 - n));
    while (clients.some(({ connection }) => connection.cohort === undefined)) await settled();
    for (const [n, client] of clients.entries()) expect(client.takeKeys()).toEqual(missed(300 - n, 400));
    expect(test.broker.read).toBeLessThan(500);
  });

  it('also hear what came after the log was read for the first of them', async () => {
    const test = await hubAfter(10);
    const first = comesBack(test, 2);
    await settled();
    for (const key of ['11', '12', '13']) test.publish({ key });
    const read = test.broker.read;
    const second = comesBack(test, 4);
    await settled();
    expect([first.takeKeys(), second.takeKeys()]).toEqual([missed(2, 13), missed(4, 13)]);
    expect(test.broker.read - read).toBeLessThanOrEqual(3);
  });

  it('read the log again when nobody asked for half a minute', async () => {
    const test = await hubAfter(10);
    comesBack(test, 2);
    await settled();
    const read = test.broker.read;
    comesBack(test, 2);
    await settled();
    expect(test.broker.read).toBe(read);
    test.clock.advance(30_000);
    const late = comesBack(test, 2);
    await settled();
    expect(late.takeKeys()).toEqual(missed(2, 10));
    expect(test.broker.read).toBeGreaterThan(read);
  });

  it('are told of a gap, and hear nothing that was trimmed since it was read for another client', async () => {
    const test = await hubAfter(10);
    comesBack(test, 2);
    await settled();
    test.broker.trim(8);
    test.clock.advance(30_000);
    const late = comesBack(test, 2);
    await settled();
    expect(late.take().map(({ action, key }) => [action, key])).toEqual([
      ['subscribe', 's'],
      ['gap', '2-0'],
      ['save', '9'],
      ['save', '10'],
    ]);
  });

  it('are served after a reading that failed for another client', async () => {
    const test = await hubAfter(10);
    test.broker.failure = new Error('away');
    const first = comesBack(test, 2);
    await settled();
    expect(first.take().at(-1)).toMatchObject({ action: 'error' });
    test.broker.failure = undefined;
    const second = comesBack(test, 2);
    await settled();
    expect(second.takeKeys()).toEqual(missed(2, 10));
  });
});
