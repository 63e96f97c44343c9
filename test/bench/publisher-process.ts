/** The publisher is a process of its own, so that the load does not delay it. */
import { micros } from '../../src/clients/load/mark.ts';
import type { Entry } from './entries.ts';
import { eventTexts, topicOf } from './event-text.ts';
import { peerOf } from './peers/index.ts';
import type { Publisher, Setup } from './peers/peer.ts';
import { Replay, type Replayed, type ReplayOptions } from './replay.ts';
import { answer } from './rpc.ts';

const TICK_MS = 1;
/** With more unanswered publishes than this, the publisher waits, and its rate falls behind. */
const PENDING_MAX = 5_000;

export interface OpenOptions {
  readonly peer: string;
  readonly setup: Setup;
  readonly durable: boolean;
}

export interface PublishOptions {
  /** The rate in events a second. */
  readonly rate: number;
  readonly ms: number;
  readonly word: string;
  readonly size: number;
  /** The number of topics, which are used in turn. */
  readonly topics: number;
}

export interface Published {
  readonly count: number;
  readonly ms: number;
  /** The first error, if any publish failed. */
  readonly error?: string;
}

let publisher: Publisher | undefined;
let replay: Replay | undefined;

const handlers = {
  open: ({ peer, setup, durable }: OpenOptions): void => {
    publisher = peerOf(peer).publisher(setup, durable);
  },

  run: (options: PublishOptions): Promise<Published> => {
    if (publisher === undefined) throw new Error('The publisher is not open.');
    return run(publisher, options);
  },

  /** Publishes one event, and returns what the server answers: the id of the event, or a list of it, if it has one. */
  publishOne: async ({
    word,
    size,
    topic,
  }: {
    word: string;
    size: number;
    topic: string;
  }): Promise<string> => {
    const answered = await publisher?.publish({ topic, text: eventTexts(word, size)(topic, micros(), 0) });
    return String(answered);
  },

  openEntries: async (entries: readonly Entry[]): Promise<void> => {
    replay = await Replay.open(entries);
  },

  /** Sends the request of the entry point again and again, and one other request after that. */
  replay: async ({ last, ...options }: ReplayOptions & { last: string }): Promise<Replayed> => {
    if (replay === undefined) throw new Error('The entry point is not open.');
    const replayed = await replay.run(options);
    await replay.once(Buffer.from(last, 'latin1'));
    return replayed;
  },
};

function run(to: Publisher, { rate, ms, word, size, topics }: PublishOptions): Promise<Published> {
  const textOf = eventTexts(word, size);
  const names = Array.from({ length: topics }, (_, index) => topicOf(index));
  const startedAt = micros();
  let count = 0;
  let pending = 0;
  let error: string | undefined;
  return new Promise((resolve) => {
    let elapsed = 0;
    const settled = (): void => void pending--;
    const failed = (cause: unknown): void => {
      pending--;
      error ??= String(cause);
    };
    const timer = setInterval(() => {
      if (elapsed < ms) {
        elapsed = Math.min((micros() - startedAt) / 1_000, ms);
        for (
          const due = Math.floor((elapsed / 1_000) * rate);
          count < due && pending < PENDING_MAX;
          count++
        ) {
          const topic = names[count % names.length] ?? '';
          pending++;
          to.publish({ topic, text: textOf(topic, micros(), count) }).then(settled, failed);
        }
      } else if (pending === 0) {
        clearInterval(timer);
        resolve({ count, ms: elapsed, ...(error !== undefined && { error }) });
      }
    }, TICK_MS);
  });
}

export type PublisherHandlers = typeof handlers;
answer(handlers);
