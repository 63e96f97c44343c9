import express from 'express';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SingleFlight } from '../../src/gateway/http/single-flight.ts';
import { ResponseWriter } from '../../src/gateway/http/response-writer.ts';
import { FairQueue } from '../../src/gateway/http/fair-queue.ts';
import { mapInSlices, TimeSlice } from '../../src/model/time-slice.ts';
import { ManualClock } from '../support/clock.ts';
import { rawConnection, type RawConnection } from '../support/raw-http.ts';

const MIB = 1_024 * 1_024;

/** Work that ends when the test says so. */
function works(turns: FairQueue, principal: string, count: number) {
  return Array.from({ length: count }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = { begun: false, end: resolve };
    const done = turns.run(principal, () => {
      work.begun = true;
      return promise;
    });
    done.catch(() => undefined);
    return { ...work, done, isBegun: () => work.begun };
  });
}

const begun = (all: ReturnType<typeof works>): number => all.filter(({ isBegun }) => isBegun()).length;

describe('costly reads', () => {
  it('of one principal run two at a time, and the others wait in their order', async () => {
    const all = works(new FairQueue(), 'user:ann', 5);
    expect(begun(all)).toBe(2);
    all[1]?.end();
    await all[1]?.done;
    expect(all.map(({ isBegun }) => isBegun())).toEqual([true, true, true, false, false]);
  });

  it('of one principal do not keep the reads of another principal waiting', async () => {
    const turns = new FairQueue();
    works(turns, 'user:ann', 30);
    expect(begun(works(turns, 'user:bob', 1))).toBe(1);
  });

  it('run four at a time on a node, and the principals take turns', async () => {
    const turns = new FairQueue();
    const [first = [], ...others] = ['a', 'b', 'c', 'd'].map((who) => works(turns, who, 4));
    expect([first, ...others].map(begun)).toEqual([2, 2, 0, 0]);
    const [one, two] = first;
    for (const work of [one, two]) work?.end();
    await Promise.all([one?.done, two?.done]);
    expect([first, ...others].map(begun)).toEqual([2, 2, 1, 1]);
  });

  it('are refused with reads_exceeded and a time to come back when too many of them wait', async () => {
    const all = works(new FairQueue(), 'user:ann', 35);
    await expect(all[34]?.done).rejects.toMatchObject({
      code: 'reads_exceeded',
      status: 429,
      retryAfterS: 1,
    });
    expect(begun(all)).toBe(2);
  });

  it('give their turn to the next read when they fail', async () => {
    const turns = new FairQueue();
    const failing = () => Promise.reject(new Error('no'));
    for (let i = 0; i < 20; i++) await expect(turns.run('user:ann', failing)).rejects.toThrow('no');
    expect(begun(works(turns, 'user:ann', 1))).toBe(1);
  });
});

describe('a result that many callers ask for at once', () => {
  it('is made once for the callers that ask before its making begins, and again for those that ask later', async () => {
    let made = 0;
    const ends: (() => void)[] = [];
    const shared = new SingleFlight(async () => {
      const mine = ++made;
      await new Promise<void>((resolve) => ends.push(resolve));
      return mine;
    });
    const early = [shared.get(), shared.get()];
    await expect.poll(() => made).toBe(1);
    const late = Array.from({ length: 50 }, () => shared.get());
    ends[0]?.();
    expect(await Promise.all(early)).toEqual([1, 1]);
    await expect.poll(() => made).toBe(2);
    ends[1]?.();
    expect(new Set(await Promise.all(late))).toEqual(new Set([2]));
  });

  it('is made again after a failure', async () => {
    let made = 0;
    const shared = new SingleFlight(() =>
      ++made === 1 ? Promise.reject(new Error('away')) : Promise.resolve(made),
    );
    await expect(shared.get()).rejects.toThrow('away');
    expect(await shared.get()).toBe(2);
  });
});

describe('long work', () => {
  it('is done in slices, and other work runs between them', async () => {
    let others = 0;
    const tick = (): void => void setImmediate(() => (others++, tick()));
    tick();
    const spin = (ms: number): void => {
      for (const end = performance.now() + ms; performance.now() < end;);
    };
    const seen = await mapInSlices([1, 2, 3, 4], () => (spin(6), others));
    expect(new Set(seen).size).toBe(4);
    others = Number.NaN;
  });

  it('alternates between several tasks slice by slice', async () => {
    const turns: string[] = [];
    const work = (name: string) => async () => {
      const turn = new TimeSlice();
      for (let i = 0; i < 3; i++) {
        await turn.next();
        turns.push(name);
        setImmediate(() => turns.push('other'));
      }
    };
    await Promise.all([work('a')(), work('b')()]);
    expect(turns.join(' ')).toMatch(/^a b other a other b other a other b/);
  });
});

describe('large answers', () => {
  const clock = (): ManualClock => new ManualClock('2026-01-01T00:00:00Z');

  /**
   * A server that answers each request with the next of the bodies, and clients that send requests and read nothing.
   */
  async function serve(
    time: ManualClock,
    bodyOf: (n: number) => Buffer | string,
  ): Promise<() => Promise<RawConnection>> {
    const sending = new ResponseWriter({ clock: time, writeTimeoutMs: 10_000 });
    let asked = 0;
    const app = express().get('/', (_request, response) => sending.send(response, bodyOf(asked++)));
    const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return async () => {
      const connection = await rawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      connection.socket.pause();
      connection.write('GET / HTTP/1.1', 'Host: a', '', '');
      return connection;
    };
  }

  it('arrive whole at a client that reads them', async () => {
    const body = JSON.stringify('ä'.repeat(3 * MIB));
    const ask = await serve(clock(), () => body);
    const connection = await ask();
    connection.socket.resume();
    const answer = await connection.next();
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(Buffer.from(answer.body, 'latin1').equals(Buffer.from(body))).toBe(true);
  });

  it('are cut, the oldest first, when the unread ones hold more than 64 MiB together', async () => {
    const ask = await serve(clock(), (n) => Buffer.alloc(16 * MIB, String(n)));
    const connections: RawConnection[] = [];
    for (let i = 0; i < 5; i++) connections.push(await ask());
    connections[0]?.socket.resume();
    await expect(connections[0]?.ended).resolves.toEqual(expect.any(String));
    connections[4]?.socket.resume();
    expect((await connections[4]?.next())?.body.length).toBe(16 * MIB);
  });

  it('count once for the bound when they send the same bytes', async () => {
    const body = Buffer.alloc(16 * MIB, 'x');
    const ask = await serve(clock(), () => body);
    const connections: RawConnection[] = [];
    for (let i = 0; i < 12; i++) connections.push(await ask());
    for (const connection of [connections[0], connections[11]]) {
      connection?.socket.resume();
      expect((await connection?.next())?.body.length).toBe(16 * MIB);
    }
  });

  it('are cut when the client reads nothing of them in time', async () => {
    const time = clock();
    const ask = await serve(time, () => Buffer.alloc(16 * MIB, 'x'));
    const connection = await ask();
    await expect.poll(() => time.pending).toBeGreaterThan(0);
    time.advance(10_000);
    connection.socket.resume();
    await expect(connection.next()).resolves.toMatchObject({ status: 200 });
    expect(await connection.ended).toEqual(expect.any(String));
  });
});
