import type { Logger } from 'pino';
import { z } from 'zod';
import { bound } from '../model/bound.ts';
import type { Clock } from '../model/clock.ts';
import { parseJson, type Json } from '../model/json.ts';
import type { NodeDirectory } from './node-directory.ts';
import { SharedResults } from './shared-results.ts';

const ANSWER_WITHIN_MS = bound(
  'time that a node waits for the answers of other nodes to a survey',
  2_000,
  'ms',
  'the result names the nodes that are missing',
);
const ANSWER_MAX = bound(
  'answer of a node to the survey of another node',
  4 * 1024 * 1024,
  'characters',
  'the result names the node as missing',
);

/** What nodes can ask each other: its name, and the forms of the question and of the answer. */
export interface Question<Asked, Answer> {
  readonly name: string;
  readonly asked: z.ZodType<Asked>;
  readonly answer: z.ZodType<Answer>;
  /** For so many milliseconds all who ask this node the same share one survey. The last one of each variant is kept. */
  readonly sharedMs?: number;
}

export interface NodeAnswer<Answer> {
  readonly id: string;
  /** The name of the node, which another one may have by mistake. */
  readonly node: string;
  readonly answer: Answer;
}

/** The result of a survey. */
export interface Surveyed<Answer> {
  /** In the order of the names of the nodes. */
  readonly answers: readonly NodeAnswer<Answer>[];
  /** The names of the nodes that gave no answer in time, or could not give one. */
  readonly silent: readonly string[];
}

/** The seam by which nodes send each other the messages of surveys. A message is received at most once. */
export interface SurveyChannel {
  /** From now on `hear` is called for every message to all nodes or to this one. It must not throw. */
  start(hear: (message: Buffer) => void): Promise<void>;
  /** Sends a message to all nodes, or to the node with this id. @throws BelfryError `unavailable` */
  send(message: string, to?: string): Promise<void>;
  stop(): Promise<void>;
}

/** The channel of a single node, which has nobody to ask. */
export const NO_OTHER_NODES: SurveyChannel = {
  start: async () => {},
  send: async () => {},
  stop: async () => {},
};

/** Fields that a newer version adds are left out of both. */
const questionForm = z.object({
  ask: z.string(),
  number: z.int(),
  from: z.string(),
  of: z.string().optional(),
  asked: z.unknown(),
});
const answerForm = z.object({
  number: z.int(),
  from: z.string(),
  answer: z.unknown(),
  failed: z.boolean(),
});

export interface SurveyOptions {
  readonly channel: SurveyChannel;
  readonly directory: Pick<NodeDirectory, 'id' | 'nodes'>;
  /** The name of this node. */
  readonly node: string;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  /** Called for messages that are neither a question nor an answer. */
  readonly report: (source: string, reason: string) => void;
  readonly log: Logger;
}

/** What a node answers, or that it cannot answer. */
type Reply = readonly [answer: unknown, failed: boolean];
const NO_ANSWER: Reply = [null, true];

/**
 * Asks the nodes of a hub about what only they know, such as the state of their connections, and gathers the answers.
 * The nodes that have a lease in the registry are expected to answer, each within two seconds.
 */
export class Survey {
  readonly #options: SurveyOptions;
  readonly #responders = new Map<string, (asked: unknown) => Promise<unknown>>();
  /** The surveys under way: what takes their answers, by their numbers. */
  readonly #open = new Map<number, (id: string, reply: Reply) => void>();
  readonly #shared: SharedResults;
  #number = 0;

  constructor(options: SurveyOptions) {
    this.#options = options;
    this.#shared = new SharedResults(options.clock);
  }

  /** Says how this node answers a question. */
  answering<Asked, Answer>(
    { name, asked }: Question<Asked, Answer>,
    respond: (asked: Asked) => Promise<Answer> | Answer,
  ): void {
    this.#responders.set(name, async (given) => respond(asked.parse(given)));
  }

  /** @throws BelfryError `unavailable` */
  start(): Promise<void> {
    return this.#options.channel.start((message) => this.#hear(message));
  }

  stop(): Promise<void> {
    return this.#options.channel.stop();
  }

  /**
   * Asks all nodes, or those with this name. This node is asked as well, without the channel.
   * @throws BelfryError `unavailable` when the other nodes cannot be reached at all
   */
  ask<Asked, Answer>(
    question: Question<Asked, Answer>,
    asked: Asked,
    name?: string,
  ): Promise<Surveyed<Answer>> {
    const { name: about, sharedMs } = question;
    if (sharedMs === undefined) return this.#survey(question, asked, name);
    const key = JSON.stringify([about, asked, name]);
    return this.#shared.get(key, sharedMs, () => this.#survey(question, asked, name));
  }

  async #survey<Asked, Answer>(
    question: Question<Asked, Answer>,
    asked: Asked,
    name: string | undefined,
  ): Promise<Surveyed<Answer>> {
    const { directory, node, channel, clock } = this.#options;
    const isMeant = (each: string): boolean => name === undefined || each === name;
    const own = directory.id;
    const others = (await directory.nodes()).filter((each) => each.id !== own && isMeant(each.name));
    const meant = [...others, ...(isMeant(node) ? [{ id: own, name: node }] : [])];
    const given = new Map<string, Answer>();
    const missing = new Set(meant.map(({ id }) => id));
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    const take = (id: string, reply: Reply): void => {
      if (!missing.has(id)) return;
      const answer = this.#read(question, reply, id);
      missing.delete(id);
      if (answer !== undefined) given.set(id, answer);
      if (missing.size === 0) end();
    };
    const number = ++this.#number;
    const stopTimer = clock.after(ANSWER_WITHIN_MS, end);
    this.#open.set(number, take);
    try {
      if (isMeant(node)) void this.#answer(question.name, asked).then((reply) => take(own, reply));
      if (others.length > 0)
        await channel.send(JSON.stringify({ ask: question.name, number, from: own, of: name, asked }));
      if (meant.length > 0) await isOver;
    } finally {
      stopTimer();
      this.#open.delete(number);
    }
    return resultOf(meant, given);
  }

  /** The answer in a reply; `undefined` when there is no usable one. */
  #read<Answer>(
    { name, answer: form }: Pick<Question<unknown, Answer>, 'name' | 'answer'>,
    [answer, failed]: Reply,
    node: string,
  ): Answer | undefined {
    if (failed) return undefined;
    const { data, error } = form.safeParse(answer);
    if (error !== undefined)
      this.#options.log.warn({ err: error, question: name, node }, 'the answer of a node is not usable');
    return data;
  }

  #hear(message: Buffer): void {
    const { directory, node, report } = this.#options;
    const written = messageIn(message);
    const answer = answerForm.safeParse(written).data;
    if (answer !== undefined)
      return this.#open.get(answer.number)?.(answer.from, [answer.answer, answer.failed]);
    const question = questionForm.safeParse(written).data;
    if (question === undefined) return report('survey', 'command_invalid');
    const { from, of = node } = question;
    if (from !== directory.id && of === node) void this.#reply(question);
  }

  async #reply({ ask, number, from: to, asked }: z.infer<typeof questionForm>): Promise<void> {
    const { channel, directory, log } = this.#options;
    const messageOf = ([answer, failed]: Reply): string =>
      JSON.stringify({ number, from: directory.id, answer, failed });
    let message = messageOf(await this.#answer(ask, asked));
    if (message.length > ANSWER_MAX) {
      log.warn({ question: ask, characters: message.length }, 'the answer to another node is too long');
      message = messageOf(NO_ANSWER);
    }
    // The connection has logged already that Redis is away.
    await channel
      .send(message, to)
      .catch((error: unknown) => log.debug({ err: error }, 'an answer was lost'));
  }

  async #answer(name: string, asked: unknown): Promise<Reply> {
    try {
      // A node of another version may ask what this one does not know.
      const respond = this.#responders.get(name);
      return respond === undefined ? NO_ANSWER : [await respond(asked), false];
    } catch (error) {
      this.#options.log.warn({ err: error, question: name }, 'a question to this node could not be answered');
      return NO_ANSWER;
    }
  }
}

function messageIn(message: Buffer): Json | undefined {
  try {
    return parseJson(message);
  } catch {
    return undefined;
  }
}

function resultOf<Answer>(
  meant: readonly { readonly id: string; readonly name: string }[],
  given: ReadonlyMap<string, Answer>,
): Surveyed<Answer> {
  const sorted = meant.toSorted((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1));
  return {
    answers: sorted.flatMap(({ id, name: node }) => {
      const answer = given.get(id);
      return answer === undefined ? [] : [{ id, node, answer }];
    }),
    silent: sorted.filter(({ id }) => !given.has(id)).map(({ name }) => name),
  };
}
