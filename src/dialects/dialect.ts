import type { z } from 'zod';
import { bound } from '../model/bound.ts';
import type { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Filter } from '../model/filter.ts';
import type { Format } from '../model/format.ts';
import type { Body, JsonText } from '../model/json.ts';
import type { Fence } from '../model/lease.ts';
import type { Pattern } from '../model/pattern.ts';
import type { Position } from '../model/position.ts';
import type { Identity } from '../model/principal.ts';
import type { SlowPolicyName } from '../model/slow-policies/index.ts';

/**
 * A dialect is one way in which systems write events and commands on the wire. This holds everything that the hub has
 * to know about it. To add a dialect, write its file and a line in the table of `index.ts`. A dialect holds no state:
 * what it knows about a client is handed to it.
 */
export interface Dialect extends Encoding {
  /** A name in lower-case letters. It is used in paths, settings and labels of metrics. */
  readonly name: string;
  /** The paths of its sockets. At `/ws`, a dialect without a socket there answers that it has none. */
  readonly entryPoints: readonly EntryPoint[];
  /** A listener of its own, which nodes open unless a setting names other listeners. */
  readonly listener?: { readonly port: number; readonly tls: boolean };
  /** Its document asks for no credentials, so it is open to everybody unless a setting says otherwise. */
  readonly isAnonymous?: boolean;
  /** Pages of this dialect send their token in a cookie. */
  readonly usesCookies?: boolean;
  /** The dialect decides in `open` which pages may connect. For all other dialects the hub decides. */
  readonly checksOrigin?: boolean;
  /** Subprotocols that mean this dialect. The hub answers with the first that a client offers, and no other. */
  readonly subprotocols?: readonly string[];
  /** The hub ignores a binary frame. For all other dialects it refuses one. */
  readonly ignoresBinary?: boolean;
  /** How publishers write an event in this dialect. If absent, they use the format of another dialect. */
  readonly publishing?: Publishing;
  /** How a client with this path and query begins. @throws Refusal before the upgrade */
  open(request: OpenRequest): Session | Promise<Session>;
  /** The command that a text frame from a client stands for. @throws ProtocolError, and nothing else */
  decode(frame: string): Command;
  /** One event as one text frame, or `undefined` when this dialect does not support the event: see {@link Encoding}. */
  readonly encode: Encoding['encode'];
  /** What a principal may do in this dialect, if the system of the dialect grants more than roles and tokens say. */
  readonly identify?: (identity: Identity) => Identity;
}

/** Messages by name. Each one is the schema of its JSON or of its text. */
export type Messages = Readonly<Record<string, z.ZodType>>;

/** A path at which a socket opens, and its messages. The hub serves and describes (/asyncapi.json) it from this. */
export interface EntryPoint {
  /**
   * `/ws` is served under the name of the dialect (`/norn/ws`), and without the name on a listener of this dialect.
   * Any other path belongs to this dialect alone, and every listener serves it with and without the name before it.
   */
  readonly path: string;
  readonly summary: string;
  /** Parameters of the URL, except the token. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** The messages that the hub sends. */
  readonly sends: Messages;
  /** The messages from clients that the hub does not ignore. */
  readonly takes: Messages;
}

/** The format of published events: `format` is the data that shows it, `parse` is the code that reads it. */
export interface Publishing {
  readonly format: Format;
  /** The fields by which a person knows the format, for use in error messages: `type, action, key`. */
  readonly fields: string;
  /** An event of this format, for the description of the API. */
  readonly schema: z.ZodType;
  /** An event in this format, or `undefined` when the body has another format. @throws ProtocolError */
  parse(body: Body): NewEvent | undefined;
}

/**
 * How events become frames. Connections with the same encoding object share its work, so a dialect that offers several
 * encodings must hand out the same object each time. Encodings with the same `encode` share the texts.
 */
export interface Encoding {
  /** The name of the dialect, and after a space the variant, where there are several. */
  readonly name: string;
  /** In a log of several shards, `position` is what a client that is sent the event hands back to go on after it. */
  readonly encode: (event: HubEvent, position?: Position) => string | undefined;
  /** The bytes that the client reads for one text. If absent, the text becomes a WebSocket frame. */
  readonly frame?: (text: string) => Buffer;
  /** Up to `size` events that wait for one flush go out joined in one frame. A single event goes out as it is. */
  readonly batch?: { readonly size: number; readonly join: (texts: readonly string[]) => string };
  /** If several events wait for one flush and have the same result here, only the newest of them goes out. */
  readonly conflateBy?: (event: HubEvent) => string | undefined;
  /** The shortest time between two flushes. */
  readonly minIntervalMs?: number;
  /** Nothing follows such an event: after this many milliseconds the connection is closed with 1000. */
  readonly closesAfterMs?: (event: HubEvent) => number | undefined;
}

export interface OpenRequest {
  /** The requested path, without the query and without the prefix `/<name>` of the dialect. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly origin?: string;
  /** The identity of the client, or the reason why it could not be found out. */
  readonly caller: Identity | BelfryError;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether this dialect may be used without a token. */
  readonly anonymous: boolean;
  readonly settings: DialectSettings;
  /** What the retention rules keep of one type, action and key: the last `count` events, oldest first. */
  readonly retained: (query: RetainedQuery) => Promise<readonly HubEvent[]>;
}

/** The settings that only one dialect or encoding needs. */
export interface DialectSettings {
  readonly nornAllowedOrigins: readonly string[];
  readonly dorguInboundMaxBytes: number;
  /** The source of the CloudEvents that the hub makes of other events. */
  readonly cloudeventsSource: string;
}

/** Asks for the last `count` events of one type, action and key that the retention rules keep. */
export interface RetainedQuery {
  readonly type: string;
  readonly action: string;
  /** If absent, and with `*` as the action, the key that changed last is meant, even if that change removed it. */
  readonly key?: string;
  readonly count: number;
}

/** Most load balancers cut a connection after 50 or 60 s of silence, so every dialect pings more often than that. */
export const PING_MS = 25_000;
const PONG_WAIT_MS = bound(
  'time without a sign of life of a socket of native, provisioning, drp or dorgu',
  60_000,
  'ms',
  'its connection is cut',
);
/** The heartbeat of every dialect whose document names no other. */
export const HEARTBEAT = { pingMs: PING_MS, pongWaitMs: PONG_WAIT_MS };

/** How a connection begins, and the limits that apply to it. */
export interface Session {
  readonly identity: Identity;
  readonly subscriptions: readonly Subscription[];
  /** The server pings this often, and cuts a connection that gives no sign of life within the wait. */
  readonly heartbeat: { readonly pingMs: number; readonly pongWaitMs: number };
  /** A client that came without credentials must send them within this time. */
  readonly authWithinMs?: number;
  /** If absent, the dialect itself is the encoding. */
  readonly encoding?: Encoding;
  /** The hub compresses frames, if the client can read compressed frames. */
  readonly deflate?: boolean;
  readonly replay?: ReplayRequest;
  /** Events that are sent before anything else. */
  readonly first?: readonly HubEvent[];
  /** The connection is closed with 1000 this long after everything from its opening has been sent. */
  readonly closeAfterMs?: number;
  readonly limits?: ConnectionLimits;
}

/** What a connection is sent before the live events, without a gap or a duplicate between the two. */
export type ReplayRequest =
  | {
      readonly since: Position;
      /** The position was made from a time, so there need not be an event at it. */
      readonly ofTime?: true;
    }
  /** What the retention rules keep, in the order of the queries. `as`, if given, changes the events for sending. */
  | { readonly retained: readonly RetainedQuery[]; readonly as?: (event: HubEvent) => HubEvent }
  /** The events of the last `lastMs` that the connection may receive, reduced to those that `select` returns. */
  | { readonly lastMs: number; readonly select: (events: readonly HubEvent[]) => readonly HubEvent[] };

/** Limits that a dialect promises instead of those in the settings. */
export interface ConnectionLimits {
  readonly queueMaxDeliveries?: number;
  readonly inboundMaxBytes?: number;
  readonly commandsPerSecond?: number;
  readonly subscriptionsMax?: number;
  /** Connections of one principal in this dialect. */
  readonly connectionsPerPrincipal?: number;
}

/** One subscription of a client. */
export interface Subscription {
  /** The exact name by which the client unsubscribes. */
  readonly name: string;
  readonly pattern: Pattern;
  /** An event must pass all of them. */
  readonly filters: readonly Filter[];
  /**
   * What happens when the client may receive nothing from this subscription. With `alone`, it is refused and the rest
   * of the command is carried out. With `kept`, it stays without effect until a token permits it. If absent, the whole
   * command is refused.
   */
  readonly onForbidden?: 'alone' | 'kept';
  /** What happens when the queue is full. A policy other than the default needs one frame for each event. */
  readonly slow?: SlowPolicyName;
}

/** The reply repeats `ref`, so that the client knows which command it answers. */
export type Command =
  | {
      readonly kind: 'subscribe';
      readonly ref: string;
      readonly subscriptions: readonly Subscription[];
      readonly replay?: ReplayRequest;
      /** Names of subscriptions that end when these begin. */
      readonly replaces?: readonly string[];
    }
  | { readonly kind: 'unsubscribe'; readonly ref: string; readonly names: readonly string[] }
  /** Events in any format, as the client wrote them. With an idempotency key they are published only once. */
  | {
      readonly kind: 'publish';
      readonly ref: string;
      readonly events: readonly JsonText[];
      readonly idempotencyKey?: string | undefined;
      readonly fence?: Fence;
    }
  /** With `orClose`, a refused token also closes the connection with 1008. */
  | { readonly kind: 'auth'; readonly ref: string; readonly token: string; readonly orClose?: boolean }
  | { readonly kind: 'ping'; readonly ref: string }
  /** The hub sends everything that came before this command, waits this long and closes the connection. */
  | { readonly kind: 'close'; readonly ref: string; readonly afterMs: number }
  /** A frame that the system of this dialect ignores without an answer. */
  | { readonly kind: 'ignore'; readonly ref: string };

/** An answer to a handshake that is not the upgrade, worded as the dialect words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: string) {
    super(`refused with ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}
