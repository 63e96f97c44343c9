import { describe, expect, it } from 'vitest';
import { Heartbeat, type HeartbeatEntry } from '../../src/gateway/sockets/heartbeat.ts';
import { ManualClock } from '../support/clock.ts';

const RHYTHMS = [
  ['norn and mist', 25, 75],
  ['all other dialects', 25, 60],
  ['one that is pinged once before it is cut', 54, 60],
  ['one whose deadline is several turns of the wheel away', 100, 300],
  ['one that is due each second', 1, 2],
] as const;

/** A heartbeat whose seconds pass only when a test says so, with one connection. */
function start(pingS: number, pongWaitS: number) {
  const clock = new ManualClock();
  const heartbeat = new Heartbeat(clock);
  heartbeat.start();
  const happened: string[] = [];
  const add = (name = '', answers = false): HeartbeatEntry => {
    const entry = heartbeat.add({
      heartbeat: { pingMs: pingS * 1_000, pongWaitMs: pongWaitS * 1_000 },
      ping: () => {
        happened.push(`${name}ping ${clock.elapsed() / 1_000}`);
        if (answers) heartbeat.pong(entry);
      },
      cut: () => void happened.push(`${name}cut ${clock.elapsed() / 1_000}`),
    });
    return entry;
  };
  return { clock, heartbeat, happened, add, seconds: (count: number) => clock.advance(count * 1_000) };
}

describe('a connection with a heartbeat', () => {
  it.each(RHYTHMS)(
    'of %s is pinged every %d s and cut at exactly %d s when it never answers',
    (_who, ping, wait) => {
      const { happened, add, seconds } = start(ping, wait);
      add();
      seconds(wait - 1);
      const pings = Array.from(
        { length: Math.floor((wait - 1) / ping) },
        (_, index) => `ping ${(index + 1) * ping}`,
      );
      expect(happened).toEqual(pings);
      seconds(1);
      expect(happened.at(-1)).toBe(`cut ${wait}`);
      const before = happened.length;
      seconds(1_000);
      expect(happened).toHaveLength(before);
    },
  );

  it.each(RHYTHMS)('of %s stays as long as it answers, and is pinged every %d s', (_who, ping, wait) => {
    const { happened, add, seconds } = start(ping, wait);
    add('', true);
    seconds(20 * wait);
    expect(happened.filter((each) => each.includes('cut'))).toEqual([]);
    expect(happened).toHaveLength(Math.floor((20 * wait) / ping));
    expect(happened.at(-1)).toBe(`ping ${Math.floor((20 * wait) / ping) * ping}`);
  });

  it.each(RHYTHMS)(
    'of %s that falls silent is cut (with a ping every %d s) %d s after its last pong',
    (_who, ping, wait) => {
      const { heartbeat, happened, add, seconds } = start(ping, wait);
      const entry = add();
      seconds(wait - 1);
      heartbeat.pong(entry);
      seconds(wait - 1);
      expect(happened.filter((each) => each.includes('cut'))).toEqual([]);
      seconds(1);
      expect(happened.at(-1)).toBe(`cut ${2 * wait - 1}`);
    },
  );

  it('may start at any second of the wheel', () => {
    const { happened, add, seconds } = start(54, 60);
    for (let second = 0; second < 130; second++) {
      add(`${second} `);
      seconds(1);
    }
    seconds(60);
    const cuts = happened.filter((each) => each.includes('cut'));
    expect(cuts).toEqual(Array.from({ length: 130 }, (_, second) => `${second} cut ${second + 60}`));
    expect(happened).toHaveLength(260);
  });

  it('is neither pinged nor cut after it was removed', () => {
    const { heartbeat, happened, add, seconds } = start(54, 60);
    const before = add('before ');
    heartbeat.remove(before);
    const after = add('after ');
    seconds(55);
    heartbeat.remove(after);
    seconds(1_000);
    expect(happened).toEqual(['after ping 54']);
  });

  it('is cut with all others that are left when the node stops', () => {
    const { heartbeat, happened, add } = start(54, 60);
    add('a ');
    add('b ');
    heartbeat.stop();
    heartbeat.cutAll();
    expect(happened).toEqual(['a cut 0', 'b cut 0']);
  });
});

describe('a sign of life', () => {
  /** A connection with a heartbeat, for which a test says how many bytes move on its socket. */
  function moving() {
    const clock = new ManualClock();
    const heartbeat = new Heartbeat(clock);
    heartbeat.start();
    const traffic = { bytesRead: 500, bytesWritten: 200, writableLength: 0 };
    let cutAt: number | undefined;
    const entry = heartbeat.add({
      heartbeat: { pingMs: 25_000, pongWaitMs: 60_000 },
      traffic,
      ping: () => {
        traffic.bytesWritten += 2;
        if (traffic.writableLength > 0) traffic.writableLength += 2;
      },
      cut: () => (cutAt ??= clock.elapsed() / 1_000),
    });
    const seconds = (count: number, each = (): void => {}): void => {
      for (let n = 0; n < count; n++) {
        each();
        clock.advance(1_000);
      }
    };
    return { entry, heartbeat, traffic, seconds, cutAt: () => cutAt };
  }

  it('is each byte that comes, even if no frame is whole for 100 s, and a connection that sends none is cut', () => {
    const { traffic, seconds, cutAt } = moving();
    seconds(100, () => (traffic.bytesRead += 9_000));
    expect(cutAt()).toBeUndefined();
    seconds(200);
    // The heartbeat looks at the bytes when a ping is due.
    expect(cutAt()).toBeGreaterThanOrEqual(160);
    expect(cutAt()).toBeLessThanOrEqual(185);
  });

  it('is a frame of any kind, exact to the second', () => {
    const { entry, heartbeat, seconds, cutAt } = moving();
    seconds(7);
    heartbeat.heard(entry);
    seconds(100);
    expect(cutAt()).toBe(67);
  });

  it('is a queue that becomes shorter, and not a queue that does not', () => {
    const { traffic, seconds, cutAt } = moving();
    traffic.bytesWritten += 200_000;
    traffic.writableLength = 200_000;
    seconds(150, () => (traffic.writableLength -= 1_000));
    expect(cutAt()).toBeUndefined();
    seconds(200);
    expect(cutAt()).toBeLessThanOrEqual(150 + 25 + 60 + 17);
  });

  it('is not a write that the system accepts while nothing waits', () => {
    const { traffic, seconds, cutAt } = moving();
    seconds(100, () => (traffic.bytesWritten += 100));
    expect(cutAt()).toBe(60);
  });

  it('may take a second longer for each 12 kB that the client had to read before the ping', () => {
    const { traffic, seconds, cutAt } = moving();
    traffic.bytesWritten += 900_000;
    seconds(134);
    expect(cutAt()).toBeUndefined();
    seconds(1);
    expect(cutAt()).toBe(135);
  });

  it('shows how much was read, so that an answered ping ends the extra time for what came before it', () => {
    const { entry, heartbeat, traffic, seconds, cutAt } = moving();
    traffic.bytesWritten += 900_000;
    seconds(50);
    heartbeat.pong(entry);
    seconds(59);
    expect(cutAt()).toBeUndefined();
    seconds(1);
    expect(cutAt()).toBe(110);
  });

  it('comes in time from a client that reads 12 kB a second, even with three megabytes before the first ping', () => {
    const { entry, heartbeat, traffic, seconds, cutAt } = moving();
    const begun = traffic.bytesWritten;
    traffic.bytesWritten += 3_000_000;
    let [read, answered] = [0, 0];
    const marks: number[] = [];
    let written = traffic.bytesWritten;
    seconds(600, () => {
      if (traffic.bytesWritten !== written) marks.push((written = traffic.bytesWritten));
      read += 12_000;
      while (marks[answered] !== undefined && (marks[answered] ?? 0) - begun <= read) {
        heartbeat.pong(entry);
        answered++;
      }
    });
    expect([cutAt(), answered > 20]).toEqual([undefined, true]);
  });
});

describe('a process that was stopped for an hour', () => {
  it('cuts no connection when it wakes up, and later cuts those that still do not answer', () => {
    // A timer of Node that is late by many of its rounds runs once, and then goes on.
    let second = (): void => {};
    const clock = new ManualClock();
    clock.every = (_ms, run) => {
      second = run;
      return () => {};
    };
    const heartbeat = new Heartbeat(clock);
    heartbeat.start();
    const cut: string[] = [];
    const beats = ['answers', 'is gone'].map((name) =>
      heartbeat.add({
        heartbeat: { pingMs: 54_000, pongWaitMs: 60_000 },
        ping: () => {},
        cut: () => void cut.push(name),
      }),
    );
    for (let n = 0; n < 30; n++) second();
    clock.spend(3_600_000);
    second();
    expect(cut).toEqual([]);
    if (beats[0] !== undefined) heartbeat.pong(beats[0]);
    for (let n = 0; n < 28; n++) second();
    expect(cut).toEqual([]);
    second();
    expect(cut).toEqual(['is gone']);
  });
});
