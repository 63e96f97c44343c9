import type { Conversation } from '../../../src/clients/load/connection.ts';

/** The ports with which a peer is started. */
export interface Setup {
  readonly redisPort: number;
  readonly port: number;
  /** The number of this node among several. */
  readonly node: number;
}

/** How to start a server, and the path at which it says that it is ready. */
export interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly health: string;
}

/** A subscriber as a scenario describes it. */
export interface Subscriber {
  readonly index: number;
  readonly topic: string;
  /** A type and action, as in `bench.tick`. */
  readonly word: string;
  readonly dialect?: 'native' | 'drp' | 'norn' | 'provisioning';
  /** The subscriber hears only events whose `object.n` has this value. */
  readonly filter?: string;
  readonly deflate?: Conversation['deflate'];
}

/** The JSON of an event. Every peer gets the same text. */
export interface Publication {
  readonly topic: string;
  readonly text: string;
}

export interface Publisher {
  publish(publication: Publication): Promise<unknown>;
  stop(): void;
}

/** A hub to compare with this one: how it starts, how a client subscribes and how an event is published. */
export interface Peer {
  readonly name: string;
  /** What the peer is, and by which entry point events are published. This is printed below the table. */
  readonly about: string;
  /** How to start the peer, or `undefined` where it is not installed. */
  launch(setup: Setup): Launch | undefined;
  conversation(subscriber: Subscriber): Conversation;
  publisher(setup: Setup, durable: boolean): Publisher;
}
