import { pino } from 'pino';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { RedisConnection } from '../../src/broker/redis-connection.ts';
import type { NodeRecord } from '../../src/registry/node-directory.ts';
import { RedisSurveyChannel } from '../../src/registry/redis-survey-channel.ts';
import { NO_OTHER_NODES, Survey, type Question, type SurveyChannel } from '../../src/registry/survey.ts';
import { ManualClock } from '../support/clock.ts';
import { randomPrefix } from '../support/redis.ts';
import { aReport } from './records.ts';

const DOUBLE: Question<number, number> = { name: 'double', asked: z.int(), answer: z.int() };

interface Asker {
  readonly survey: Survey;
  readonly clock: ManualClock;
  readonly reported: string[];
  readonly logged: string[];
}

/** Nodes that know each other by this list, over channels that `channelOf` makes. */
class Nodes {
  readonly #listed: NodeRecord[] = [];
  readonly #channelOf: (id: string) => Promise<SurveyChannel> | SurveyChannel;

  constructor(channelOf: (id: string) => Promise<SurveyChannel> | SurveyChannel) {
    this.#channelOf = channelOf;
  }

  /** Lists a node whose process does not exist. */
  list(name: string, id = `${name}/1`): void {
    this.#listed.push({ ...aReport({ name }).report(), id, leaseEndsAt: Infinity });
  }

  async start(
    name: string,
    id = `${name}/1`,
    respond: (asked: number) => unknown = (n) => n * 2,
  ): Promise<Asker> {
    this.list(name, id);
    const clock = new ManualClock();
    const [reported, logged]: [string[], string[]] = [[], []];
    const survey = new Survey({
      channel: await this.#channelOf(id),
      directory: { id, nodes: async () => this.#listed },
      node: name,
      clock,
      report: (source, reason) => void reported.push(`${source} ${reason}`),
      log: pino({ level: 'warn' }, { write: (line) => void logged.push(line) }),
    });
    survey.answering(DOUBLE, respond as (asked: number) => number);
    await survey.start();
    onTestFinished(() => survey.stop());
    return { survey, clock, reported, logged };
  }
}

/** A channel in memory. */
function bus(): (id: string) => SurveyChannel {
  const hearing = new Map<string, (message: Buffer) => void>();
  return (id) => ({
    start: async (hear) => void hearing.set(id, hear),
    send: async (message, to) => {
      for (const [each, hear] of hearing) if (to === undefined || to === each) hear(Buffer.from(message));
    },
    stop: async () => void hearing.delete(id),
  });
}

const prefix = randomPrefix();

async function redisChannel(id: string): Promise<SurveyChannel> {
  const log = pino({ level: 'silent' });
  const [commands, subscriber] = ['registry', 'control'].map(
    (role) => new RedisConnection({ url: inject('redisUrl'), prefix, role, commandTimeoutMs: 5_000, log }),
  ) as [RedisConnection, RedisConnection];
  await Promise.all([commands.open(5_000), subscriber.open(5_000)]);
  onTestFinished(async () => void (await Promise.all([commands.close(), subscriber.close()])));
  return new RedisSurveyChannel({ prefix, id, commands, subscriber, log });
}

describe.each([
  ['memory', bus()],
  ['Redis', redisChannel],
])('a survey over %s', (_name, channelOf) => {
  it('gathers the answers of all nodes, this one included, in the order of their names', async () => {
    const nodes = new Nodes(channelOf);
    const { survey } = await nodes.start('b');
    await nodes.start('c', 'c/1', (n) => n * 3);
    await nodes.start('a', 'a/1', (n) => n * 4);
    expect(await survey.ask(DOUBLE, 10)).toEqual({
      answers: [
        { id: 'a/1', node: 'a', answer: 40 },
        { id: 'b/1', node: 'b', answer: 20 },
        { id: 'c/1', node: 'c', answer: 30 },
      ],
      silent: [],
    });
  });

  it('asks the nodes of one name only, where one is given', async () => {
    const nodes = new Nodes(channelOf);
    const asked: string[] = [];
    const answering = (name: string, answer: number) => () => {
      asked.push(name);
      return answer;
    };
    const { survey } = await nodes.start('a', 'a/1', answering('a', 0));
    await nodes.start('b', 'b/1', answering('b', 1));
    await nodes.start('b', 'b/2', answering('b', 2));
    await nodes.start('c', 'c/1', answering('c', 3));
    const { answers } = await survey.ask(DOUBLE, 1, 'b');
    expect(asked).toEqual(['b', 'b']);
    expect(answers).toEqual([
      { id: 'b/1', node: 'b', answer: 1 },
      { id: 'b/2', node: 'b', answer: 2 },
    ]);
    expect((await survey.ask(DOUBLE, 1, 'nobody')).answers).toEqual([]);
  });

  it('names a node that fails, and says why in the log of that node', async () => {
    const nodes = new Nodes(channelOf);
    const { survey } = await nodes.start('a');
    const { logged } = await nodes.start('b', 'b/1', () => {
      throw new Error('out of order');
    });
    expect(await survey.ask(DOUBLE, 1)).toEqual({
      answers: [{ id: 'a/1', node: 'a', answer: 2 }],
      silent: ['b'],
    });
    expect(logged.join()).toContain('out of order');
  });
});

describe('a survey', () => {
  it('waits two seconds for a node that does not answer, and names it', async () => {
    const nodes = new Nodes(bus());
    const { survey, clock } = await nodes.start('a');
    nodes.list('dead');
    const asked = survey.ask(DOUBLE, 1);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(1_999);
    expect(await Promise.race([asked, Promise.resolve('waits')])).toBe('waits');
    clock.advance(1);
    expect(await asked).toEqual({ answers: [{ id: 'a/1', node: 'a', answer: 2 }], silent: ['dead'] });
    expect(clock.pending).toBe(0);
  });

  it('is shared for a time by all who ask the same, where the question says so', async () => {
    const nodes = new Nodes(bus());
    const asked: number[] = [];
    const { survey, clock } = await nodes.start('a', 'a/1', (n) => asked.push(n));
    const shared = { ...DOUBLE, sharedMs: 1_000 };
    await Promise.all([survey.ask(shared, 1), survey.ask(shared, 1), survey.ask(shared, 2)]);
    expect(asked).toEqual([1, 2]);
    clock.advance(999);
    await survey.ask(shared, 1);
    expect(asked).toEqual([1, 2]);
    clock.advance(1);
    await survey.ask(shared, 1);
    await survey.ask(DOUBLE, 1);
    expect(asked).toEqual([1, 2, 1, 1]);
  });

  it('that failed is not shared, so that the next one asks again', async () => {
    const listing = vi.fn<() => Promise<NodeRecord[]>>().mockRejectedValueOnce(new Error('away'));
    const survey = new Survey({
      channel: NO_OTHER_NODES,
      directory: { id: 'a/1', nodes: listing.mockResolvedValue([]) },
      node: 'a',
      clock: new ManualClock(),
      report: () => undefined,
      log: pino({ level: 'silent' }),
    });
    survey.answering(DOUBLE, (n) => n * 2);
    const shared = { ...DOUBLE, sharedMs: 1_000 };
    await expect(survey.ask(shared, 1)).rejects.toThrow('away');
    expect((await survey.ask(shared, 1)).answers).toEqual([{ id: 'a/1', node: 'a', answer: 2 }]);
  });

  it('names a node whose answer has the wrong form or is too long', async () => {
    const nodes = new Nodes(bus());
    const { survey, logged } = await nodes.start('a');
    await nodes.start('wrong', 'wrong/1', () => 'two');
    const long = await nodes.start('long', 'long/1', () => 'x'.repeat(5 * 1024 * 1024));
    expect((await survey.ask(DOUBLE, 1)).silent).toEqual(['long', 'wrong']);
    expect(logged.join()).toContain('is not usable');
    expect(long.logged.join()).toContain('too long');
  });

  it('takes the first answer of a node, and none once it is over', async () => {
    const channelOf = bus();
    const nodes = new Nodes(channelOf);
    const { survey, clock, logged } = await nodes.start('a');
    await nodes.start('b');
    nodes.list('dead');
    const stranger = channelOf('x/1');
    const answerOf = (name: string, answer: unknown): string =>
      JSON.stringify({ number: 1, from: `${name}/1`, answer, failed: false });
    const asked = survey.ask(DOUBLE, 1);
    await expect.poll(() => clock.pending).toBe(1);
    await stranger.send(answerOf('b', 9), 'a/1');
    clock.advance(2_000);
    expect((await asked).answers.map(({ answer }) => answer)).toEqual([2, 2]);
    await stranger.send(answerOf('dead', 'late'), 'a/1');
    expect(logged).toEqual([]);
  });

  it('names a node that does not know the question', async () => {
    const nodes = new Nodes(bus());
    const { survey } = await nodes.start('a');
    await nodes.start('b');
    const unknown: Question<number, number> = { ...DOUBLE, name: 'triple' };
    expect(await survey.ask(unknown, 1)).toEqual({ answers: [], silent: ['a', 'b'] });
  });

  it('is not disturbed by answers that come late or twice, or by messages of another form, which are reported', async () => {
    const channelOf = bus();
    const nodes = new Nodes(channelOf);
    const { survey, reported } = await nodes.start('a');
    await nodes.start('b');
    await survey.ask(DOUBLE, 1);
    const stranger = channelOf('x/1');
    const forged = { number: 1, from: 'b/1', answer: 9, failed: false };
    for (const text of [JSON.stringify(forged), '{', '{"ask":1}', '[]']) await stranger.send(text, 'a/1');
    expect(reported).toEqual(['survey command_invalid', 'survey command_invalid', 'survey command_invalid']);
    expect((await survey.ask(DOUBLE, 2)).answers).toEqual([
      { id: 'a/1', node: 'a', answer: 4 },
      { id: 'b/1', node: 'b', answer: 4 },
    ]);
  });

  it('of a single node is answered by that node', async () => {
    const { survey } = await new Nodes(() => NO_OTHER_NODES).start('alone');
    expect(await survey.ask(DOUBLE, 4)).toEqual({
      answers: [{ id: 'alone/1', node: 'alone', answer: 8 }],
      silent: [],
    });
  });
});
