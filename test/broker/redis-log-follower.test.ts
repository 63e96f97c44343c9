import * as fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LogFollower } from '../../src/broker/redis-log-follower.ts';
import type { LogEntry } from '../../src/broker/redis-log-entry.ts';
import type { EntryPage } from '../../src/broker/redis-log-reader.ts';
import { EventDecoder } from '../../src/broker/redis-event-decoder.ts';
import { compareCursors, START, type Cursor } from '../../src/model/cursor.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { ManualClock } from '../support/clock.ts';
import { Recorder } from './recorder.ts';
import { runs } from '../support/runs.ts';
import { parseEvent, parseLogged } from '../support/formats.ts';

const PAGE = 500;

/** The message that tells of one entry. Its heading names the event that the body should be. */
function messageOf(previous: Cursor, id: Cursor, body: string, key = id): string {
  return `Ap ${previous}\xff${id}\xfft\xffa\xff${key}\xff${body}`;
}

function lie(previous: Cursor, id: Cursor): string {
  return messageOf(previous, id, '{"type":"t","action":"a","key":"lie"}', 'lie');
}

/** Plays the log and the channel of Redis for a follower, one turn of the event loop away. */
class Script {
  entries: LogEntry[] = [];
  last: Cursor = START;
  /** Runs between the answer of Redis and its arrival. */
  delay: () => Promise<void> = async () => undefined;
  /** While it is set, reads fail. */
  away = false;
  reads = 0;
  readonly rejected: string[] = [];
  readonly recorder = new Recorder();
  readonly clock = new ManualClock();
  readonly follower: LogFollower;

  constructor() {
    const { clock } = this;
    const report = (_source: string, reason: string): void => void this.rejected.push(reason);
    const reader = new EventDecoder({
      parse: (body) => parseEvent(body),
      parseLogged: (body) => parseLogged(body),
      redaction: Redaction.none,
      maxEventBytes: 1_000_000,
      report,
      clock,
    });
    const log = { last: () => this.#answer(() => this.last), page: (after: Cursor) => this.#page(after) };
    this.follower = new LogFollower({
      log,
      reader,
      deliver: this.recorder.hear,
      clock,
      logger: pino({ level: 'silent' }),
    });
  }

  /** Appends an entry, and answers the message that tells of it. */
  append(id: Cursor, body = `{"type":"t","action":"a","key":"${id}"}`): string {
    const previous = this.last;
    this.entries.push({ id, previous, body: Buffer.from(body) });
    this.last = id;
    return messageOf(previous, id, body);
  }

  /** Appends entries, and sends the message of each. */
  say(...ids: Cursor[]): void {
    for (const id of ids) this.follower.hear(this.append(id));
  }

  /** The keys of heard events, and `from>to reason` for gaps. */
  get told(): string[] {
    return this.recorder.events.map(({ type, key, object }) => {
      if (type !== 'belfry') return key;
      const { from, to, reason } = object as { from: string; to: string; reason: string };
      return `${from}>${to} ${reason}`;
    });
  }

  /** Runs once, when the log was read to its end and the answer is on its way. */
  whileAnswerTravels(run: () => void): void {
    // Counts `last` and one page, the request and the answer of each.
    let steps = 4;
    this.delay = async () => {
      if (--steps === 0) run();
    };
  }

  #page(after: Cursor): Promise<EntryPage> {
    this.reads++;
    return this.#answer(() => {
      const rest = this.entries.filter(({ id }) => compareCursors(id, after) > 0);
      return { entries: rest.slice(0, PAGE), isLast: rest.length <= PAGE };
    });
  }

  async #answer<T>(read: () => T): Promise<T> {
    await this.delay();
    if (this.away) throw new Error('away');
    const answer = read();
    await this.delay();
    return answer;
  }
}

async function following(): Promise<Script> {
  const script = new Script();
  await script.follower.catchUp();
  return script;
}

describe('the log follower', () => {
  it('delivers messages without reading the log, as long as each names the one before it', async () => {
    const script = await following();
    script.say('1-0', '2-0', '2-1');
    expect(script.told).toEqual(['1-0', '2-0', '2-1']);
    expect(script.reads).toBe(0);
  });

  it('begins at the end of the log', async () => {
    const script = new Script();
    script.append('1-0');
    await script.follower.catchUp();
    expect(script.follower.position).toBe('1-0');
    script.say('2-0');
    expect(script.told).toEqual(['2-0']);
  });

  it('ignores messages that it has delivered before', async () => {
    const script = await following();
    const messages = [script.append('1-0'), script.append('2-0')];
    for (const message of [...messages, ...messages]) script.follower.hear(message);
    await script.follower.catchUp();
    expect(script.told).toEqual(['1-0', '2-0']);
  });

  it('reads from the log what a message shows to be missing, and keeps the order', async () => {
    const script = await following();
    script.append('1-0');
    script.append('2-0');
    script.say('3-0', '4-0');
    expect(script.follower.state).toBe('reading');
    script.say('5-0');
    await script.follower.catchUp();
    script.say('6-0');
    expect(script.told).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0', '6-0']);
  });

  it('repairs a gap of many pages', async () => {
    const script = await following();
    const ids = Array.from({ length: 2 * PAGE + 3 }, (_, i) => `${i + 1}-0`);
    for (const id of ids) script.append(id);
    await script.follower.catchUp();
    expect(script.told).toEqual(ids);
    expect(script.reads).toBe(3);
  });

  it('stays paused while the log cannot be read, and misses no event afterwards', async () => {
    const script = await following();
    script.away = true;
    script.append('1-0');
    script.say('2-0', '3-0');
    await expect(script.follower.catchUp()).rejects.toThrow('away');
    expect(script.follower.state).toBe('paused');
    script.say('4-0');
    script.away = false;
    await script.follower.catchUp();
    expect(script.told).toEqual(['1-0', '2-0', '3-0', '4-0']);
    expect(script.follower.state).toBe('following');
  });

  it('delivers a message that arrives while it reads, though no later message follows', async () => {
    const script = await following();
    script.whileAnswerTravels(() => script.say('1-0', '2-0'));
    await script.follower.catchUp();
    expect(script.told).toEqual(['1-0', '2-0']);
  });

  it('delivers each page as it comes, while the next one is on its way', async () => {
    const script = await following();
    const ids = Array.from({ length: 3 * PAGE }, (_, i) => `${i + 1}-0`);
    for (const id of ids) script.append(id);
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    script.delay = () => (script.reads === 2 ? held : Promise.resolve());
    const caughtUp = script.follower.catchUp();
    await expect.poll(() => script.told).toEqual(ids.slice(0, PAGE));
    expect(script.reads).toBe(2);
    release();
    await caughtUp;
    expect(script.told).toEqual(ids);
  });

  it('is stalled when the log answers nothing for three seconds, and reads again once it answers', async () => {
    const script = await following();
    const ids = Array.from({ length: 2 * PAGE }, (_, i) => `${i + 1}-0`);
    for (const id of ids) script.append(id);
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    script.delay = () => (script.reads === 2 ? held : Promise.resolve());
    const caughtUp = script.follower.catchUp();
    script.clock.advance(2_999);
    expect(script.follower.state).toBe('reading');
    await expect.poll(() => script.reads).toBe(2);
    script.clock.advance(2_999);
    expect(script.follower.state).toBe('reading');
    script.clock.advance(1);
    expect(script.follower.state).toBe('stalled');
    release();
    await caughtUp;
    expect(script.follower.state).toBe('following');
  });

  it('stays stalled when a failed read begins anew', async () => {
    const script = await following();
    script.append('1-0');
    script.away = true;
    await expect(script.follower.catchUp()).rejects.toThrow('away');
    script.clock.advance(5_000);
    const again = script.follower.catchUp();
    expect(script.follower.state).toBe('stalled');
    await expect(again).rejects.toThrow('away');
  });

  it('stays paused when its subscription is lost while it reads', async () => {
    const script = await following();
    script.append('1-0');
    script.whileAnswerTravels(() => script.follower.pause());
    await script.follower.catchUp();
    expect(script.follower.state).toBe('paused');
    script.say('2-0');
    expect(script.told).toEqual(['1-0']);
    await script.follower.catchUp();
    expect([script.follower.state, script.told]).toEqual(['following', ['1-0', '2-0']]);
  });

  it('holds back a bounded number of messages while it reads, and reads the others from the log', async () => {
    const script = await following();
    const ids = Array.from({ length: 1_001 }, (_, i) => `${i + 1}-0`);
    script.whileAnswerTravels(() => script.say(...ids));
    await script.follower.catchUp();
    expect(script.told).toEqual(ids);
  });

  it('tells a gap up to where the log was trimmed, and goes on from there', async () => {
    const script = await following();
    script.say('1-0');
    for (const id of ['2-0', '3-0', '4-0']) script.append(id);
    script.entries = script.entries.slice(-1);
    await script.follower.catchUp();
    expect(script.told).toEqual(['1-0', '1-0>3-0 trimmed', '4-0']);
  });

  it('tells a gap for a log that was trimmed to nothing', async () => {
    const script = await following();
    script.append('1-0');
    script.entries = [];
    await script.follower.catchUp();
    script.say('2-0');
    expect(script.told).toEqual(['0-0>1-0 trimmed', '2-0']);
  });

  it('tells a gap when the log began anew, and hears it though its ids are earlier', async () => {
    const script = await following();
    script.say('100-0');
    script.entries = [];
    script.last = START;
    await script.follower.catchUp();
    script.say('50-0', '51-0');
    expect(script.told).toEqual(['100-0', '100-0>0-0 log lost', '50-0', '51-0']);
  });

  it('notices by a message alone that the log began anew with earlier ids', async () => {
    const script = await following();
    script.say('100-0');
    script.entries = [];
    script.last = START;
    script.say('50-0');
    await expect.poll(() => script.follower.state).toBe('following');
    script.say('51-0');
    expect(script.told).toEqual(['100-0', '100-0>50-0 log lost', '51-0']);
  });

  it('tells a gap when the log began anew, and delivers what it holds by now', async () => {
    const script = await following();
    script.say('100-0');
    script.entries = [];
    script.last = START;
    script.append('200-0');
    script.say('201-0');
    await script.follower.catchUp();
    expect(script.told).toEqual(['100-0', '100-0>0-0 log lost', '200-0', '201-0']);
  });

  it('tells a gap when a failover lost the end of the log', async () => {
    const script = await following();
    script.say('90-0', '100-0');
    script.follower.pause();
    script.entries.pop();
    script.last = '90-0';
    script.say('110-0');
    await script.follower.catchUp();
    expect(script.told).toEqual(['90-0', '100-0', '100-0>90-0 log lost', '110-0']);
  });

  it('skips an entry that is too large, so that the next event follows the one before it', async () => {
    const script = await following();
    script.say('1-0');
    script.follower.hear(script.append('2-0', 'x'.repeat(1_000_001)));
    script.say('3-0');
    expect(script.rejected).toEqual(['event_too_big']);
    expect(script.recorder.events.map(({ id, previous }) => [previous, id])).toEqual([[START, '1-0'], ['1-0', '3-0']]); // prettier-ignore
    expect(script.reads).toBe(0);
  });

  it('goes on after a body that is rejected when somebody asks for it', async () => {
    const script = await following();
    script.say('1-0');
    script.follower.hear(script.append('2-0', 'rejected input'));
    script.follower.hear(script.append('3-0', '{"type":"t"}'));
    script.follower.hear(script.append('4-0', '{"type":"t","action":"a","key":"another"}'));
    script.say('5-0');
    expect(script.rejected).toEqual(['json_invalid', 'event_invalid', 'event_invalid']);
    expect(script.told).toEqual(['1-0', '5-0']);
    expect(script.reads).toBe(0);
  });

  it('reads the log for a message of another version, and reports each', async () => {
    const script = await following();
    script.say('1-0');
    script.append('2-0');
    for (const message of ['1-0 2-0 {"type":"t","action":"a","key":"2-0"}', 'B', 'Ap 1-0', ''])
      script.follower.hear(message);
    await script.follower.catchUp();
    script.say('3-0');
    expect(script.told).toEqual(['1-0', '2-0', '3-0']);
    expect(script.rejected).toEqual(Array.from({ length: 4 }, () => 'event_invalid'));
  });

  it('lets no event after a gap follow one from before it, also with a rejected entry in between', async () => {
    const script = await following();
    script.say('1-0');
    script.follower.hear(script.append('2-0', 'x'.repeat(1_000_001)));
    for (const id of ['3-0', '4-0']) script.append(id);
    script.entries = script.entries.slice(-1);
    await script.follower.catchUp();
    expect(script.told).toEqual(['1-0', '2-0>3-0 trimmed', '4-0']);
    expect(script.recorder.events.at(-1)).toMatchObject({ id: '4-0', previous: '3-0' });
  });

  it('reports an entry that publish.lua did not write, and keeps the sequence', async () => {
    const script = await following();
    script.say('1-0');
    script.entries.push({
      id: '2-0',
      previous: undefined,
      body: Buffer.from('{"type":"t","action":"a","key":"x"}'),
    });
    await script.follower.catchUp();
    script.say('3-0');
    expect(script.told).toEqual(['1-0', '3-0']);
    expect(script.rejected).toEqual(['event_invalid']);
  });

  it('recovers from a message about an entry that is not in the log', async () => {
    const script = await following();
    script.say('1-0');
    script.follower.hear(lie('5-0', '9999999999999-0'));
    await script.follower.catchUp();
    script.say('2-0');
    expect(script.told).toEqual(['1-0', '2-0']);
  });

  it.each([1, 2, 100])(
    'neither skips nor repeats what the log holds after %i false messages of the channel, and tells a gap',
    async (lies) => {
      const script = await following();
      script.say('1-0', '2-0');
      const told = ['2-0', ...Array.from({ length: lies }, (_, i) => `${1_000 + i}-0`)];
      for (const [i, id] of told.slice(1).entries()) script.follower.hear(lie(told[i] ?? '', id));
      script.say('3-0', '4-0');
      await script.follower.catchUp();
      script.say('5-0');
      const gap = `${999 + lies}-0>2-0 log lost`;
      expect(script.told.filter((key) => key !== 'lie')).toEqual(['1-0', '2-0', gap, '3-0', '4-0', '5-0']);
    },
  );

  it('goes back before a false message once it is known that the log ends earlier', async () => {
    const script = await following();
    script.say('1-0');
    script.follower.hear(lie('1-0', '9999999999999-0'));
    script.follower.suspect();
    await script.follower.catchUp();
    script.say('2-0');
    expect(script.told).toEqual(['1-0', 'lie', '9999999999999-0>1-0 log lost', '2-0']);
  });

  it('delivers every event once and in order, whatever messages are lost, late or repeated', async () => {
    const step = fc.constantFrom('append', 'hear', 'lose', 'repeat', 'pause', 'catch up');
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 60 }), async (scheduler, steps) => {
        const script = await following();
        script.delay = () => scheduler.schedule(Promise.resolve());
        const [sent, heard]: [string[], string[]] = [[], []];
        const run: Record<string, () => unknown> = {
          append: () => sent.push(script.append(`${script.entries.length + 1}-0`)),
          hear: () =>
            heard.push(...sent.splice(0, 1).map((message) => (script.follower.hear(message), message))),
          lose: () => sent.shift(),
          repeat: () => heard.slice(-3).forEach((message) => script.follower.hear(message)),
          pause: () => script.follower.pause(),
          'catch up': () => void script.follower.catchUp(),
        };
        scheduler.scheduleSequence(steps.map((name) => async () => void run[name]?.()));
        await scheduler.waitAll();
        await scheduler.waitFor(script.follower.catchUp());
        expect(script.told).toEqual(script.entries.map(({ id }) => id));
      }),
      { numRuns: runs(500) },
    );
  });
});
