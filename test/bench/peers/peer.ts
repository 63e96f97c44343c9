import type { Conversation } from '../../../src/clients/load/connection.ts';
import type { Entry, EntryName } from '../entries.ts';

/** The ports with which a peer is started. */
export interface Setup {
  readonly redisPort: number;
  /** The port for the clients. */
  readonly port: number;
  /** A port for a peer that takes events on another port than clients. */
  readonly entryPort: number;
  /** A port for a peer that tells its health on another port than clients. */
  readonly healthPort: number;
  /** The number of this node among several. */
  readonly node: number;
  readonly workers: number;
  /** Over how many shards the keys of each type are spread. */
  readonly shards: number;
  /** The port of the master of each shard, where Redis is a Cluster. */
  readonly shardPorts?: readonly number[];
}

/** How to start a server, and the path or the URL at which it says that it is ready. */
export interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly health: string;
  /** Whether the text at this URL says that all workers are ready. When absent, the status says enough. */
  readonly isReady?: (text: string) => boolean;
}

/** A subscriber as a scenario describes it. */
export interface Subscriber {
  readonly index: number;
  readonly topic: string;
  /** A type and action, as in `bench.tick`. */
  readonly word: string;
  readonly dialect?: 'native' | 'event stream' | 'drp' | 'norn' | 'provisioning';
  /** The subscriber hears only events whose `object.n` has this value. */
  readonly filter?: string;
  readonly deflate?: NonNullable<Conversation['deflate']>;
  /** The id of the last event that the subscriber heard. */
  readonly since?: string;
}

/** What a client does when a text without an event begins with `begins` and contains `contains`. */
export interface Rule {
  readonly begins?: string;
  readonly contains?: string;
  readonly reply?: string;
  /** From now on the client receives events. */
  readonly stands?: true;
}

/**
 * What a client says, as plain data, since load clients in two languages follow it. Of the rules the first one that fits
 * counts. Without rules the client receives events after the handshake.
 */
export interface Script extends Pick<Conversation, 'path' | 'hello' | 'batches' | 'deflate'> {
  readonly rules?: readonly Rule[];
  /** Whether the client asks for an event stream (SSE) in place of a WebSocket. Only the load client in C can. */
  readonly streams?: true;
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
  /** Whether a client that names an event in `since` is told those after it. */
  readonly resumes?: true;
  installed(): boolean;
  launch(setup: Setup): Launch;
  script(subscriber: Subscriber): Script;
  publisher(setup: Setup, durable: boolean): Publisher;
  /** The entry point of this name with a request for these events. The result is `undefined` where the peer has none. */
  entry?(name: EntryName, setup: Setup, events: readonly Publication[]): Entry | undefined;
}

/** The conversation that follows a script. */
export function conversationOf({ rules, ...script }: Script): Conversation {
  if (rules === undefined) return script;
  const hear = (text: string): { reply?: string; stands?: boolean } =>
    rules.find(({ begins = '', contains = '' }) => text.startsWith(begins) && text.includes(contains)) ?? {};
  return { ...script, hear };
}
