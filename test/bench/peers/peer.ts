import type { Conversation } from '../../../src/clients/load/connection.ts';

/** What a peer is started with. */
export interface Setup {
  readonly redisPort: number;
  readonly port: number;
  /** Which of several nodes this is. */
  readonly node: number;
}

/** How to start a server, and where it says that it is ready. */
export interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly health: string;
}

/** One subscriber as a scenario describes it. */
export interface Subscriber {
  readonly index: number;
  readonly topic: string;
  /** A type and action, as in `bench.tick`. */
  readonly word: string;
  readonly dialect?: 'native' | 'drp' | 'norn' | 'provisioning';
  /** Hears only events whose `object.n` is this. */
  readonly filter?: string;
  readonly deflate?: Conversation['deflate'];
}

/** One event, as its JSON. The same text goes to every peer. */
export interface Publication {
  readonly topic: string;
  readonly text: string;
}

export interface Publisher {
  publish(publication: Publication): Promise<unknown>;
  stop(): void;
}

/** A hub that can stand beside this one: how it starts, how a client subscribes, how an event is published. */
export interface Peer {
  readonly name: string;
  /** What it is, and through which entry point events come in: printed under the table. */
  readonly about: string;
  /** `undefined` where it is not installed. */
  launch(setup: Setup): Launch | undefined;
  conversation(subscriber: Subscriber): Conversation;
  publisher(setup: Setup, durable: boolean): Publisher;
}
