import type { z } from 'zod';
import { bound } from '../model/bound.ts';
import type { Cursor } from '../model/cursor.ts';
import type { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Filter } from '../model/filter.ts';
import type { Format } from '../model/format.ts';
import type { Body, JsonText } from '../model/json.ts';
import type { Pattern } from '../model/pattern.ts';
import type { Identity } from '../model/principal.ts';
import type { SlowPolicyName } from '../model/slow-policies/index.ts';

/**
 * One way in which systems write events and commands on the wire, with everything that the hub has to know of it: whoever
 * adds one writes its file and a line in the table of `index.ts`. It holds no state: whatever it knows of a client is
 * handed in.
 */
export interface Dialect extends Encoding {
  /** Lower-case letters: it stands in paths, settings and labels of metrics. */
  readonly name: string;
  /** Where its sockets open. Every dialect is also asked at `/ws`, where one without a socket there says so. */
  readonly entryPoints: readonly EntryPoint[];
  /** A listener of its own, which nodes open unless a setting names others. */
  readonly listener?: { readonly port: number; readonly tls: boolean };
  /** Its document wants no credentials: it is open to everybody unless a setting says otherwise. */
  readonly isAnonymous?: boolean;
  /** Its pages bring their token in a cookie. */
  readonly usesCookies?: boolean;
  /** The dialect decides in `open` which pages may connect; for all others the hub does. */
  readonly checksOrigin?: boolean;
  /** Subprotocols that mean this dialect: the first of them that a client offers is answered, and no other. */
  readonly subprotocols?: readonly string[];
  /** A binary frame is passed over in silence; all others refuse one. */
  readonly ignoresBinary?: boolean;
  /** How publishers write an event in it. Absent: they use the format of another dialect. */
  readonly publishing?: Publishing;
  /** How a client of this path and query begins. @throws Refusal before the upgrade */
  open(request: OpenRequest): Session | Promise<Session>;
  /** What a text frame from a client asks for. @throws ProtocolError, and nothing else */
  decode(frame: string): Command;
  /** One event as one text frame; `undefined` when this dialect does not support it. */
  readonly encode: (event: HubEvent) => string | undefined;
  /** What a principal may do here, where the system of this dialect grants more than roles and tokens say. */
  readonly identify?: (identity: Identity) => Identity;
}

/** Messages by name, each as the schema of its JSON, or of its text. */
export type Messages = Readonly<Record<string, z.ZodType>>;

/** A path at which a socket opens, and what is said there: by this it is served, and described in /asyncapi.json. */
export interface EntryPoint {
  /**
   * `/ws` is served under the name of the dialect (`/norn/ws`), and as it stands on a listener of this dialect. Any other
   * path belongs to this dialect alone, and is served on every listener with the name before it or without.
   */
  readonly path: string;
  readonly summary: string;
  /** Parameters of the URL beside the token. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** What the hub sends. */
  readonly sends: Messages;
  /** What clients send and the hub does not pass over. */
  readonly takes: Messages;
}

/** The format in which publishers write events: as data, by which it is recognised, and as code, by which it is read. */
export interface Publishing {
  readonly format: Format;
  /** The fields by which somebody knows the format, for messages: `type, action, key`. */
  readonly fields: string;
  /** An event of this format, for the description of the API. */
  readonly schema: z.ZodType;
  /** An event in this format; `undefined` when the body is in another one. @throws ProtocolError */
  parse(body: Body): NewEvent | undefined;
}

/**
 * How events become frames. Connections share the work of one encoding, so a dialect that offers several hands out the
 * same object each time; one of the same `encode` shares its texts.
 */
export interface Encoding {
  readonly name: string;
  readonly encode: (event: HubEvent) => string | undefined;
  /** One text as the bytes that the client reads; absent: a WebSocket frame. */
  readonly frame?: (text: string) => Buffer;
  /** When several events wait for a flush, they go out in one frame for up to so many; 1 alone goes as it is. */
  readonly batch?: { readonly size: number; readonly join: (texts: readonly string[]) => string };
  /** Of the events that wait for one flush and answer alike here, only the newest goes out. */
  readonly conflateBy?: (event: HubEvent) => string | undefined;
  /** Flushed no more often than this. */
  readonly minIntervalMs?: number;
  /** After such an event nothing more comes: so many milliseconds later the connection is closed with 1000. */
  readonly closesAfterMs?: (event: HubEvent) => number | undefined;
}

export interface OpenRequest {
  /** As requested, without query, and without the prefix `/<name>` of the dialect. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly origin?: string;
  /** Who asks, or why that could not be found out. */
  readonly caller: Identity | BelfryError;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether this dialect may be used without a token. */
  readonly anonymous: boolean;
  readonly settings: DialectSettings;
  /** What the retention rules keep of one type, action and key: the last so many, oldest first. */
  readonly retained: (query: RetainedQuery) => Promise<readonly HubEvent[]>;
}

/** The settings that only a dialect understands. */
export interface DialectSettings {
  readonly nornAllowedOrigins: readonly string[];
  readonly dorguInboundMaxBytes: number;
}

/** The last so many events of one type, action and key that the retention rules keep. */
export interface RetainedQuery {
  readonly type: string;
  readonly action: string;
  /** Absent, with `*` as action: whatever was the last to change, also when that removed it. */
  readonly key?: string;
  readonly count: number;
}

/** Most balancers cut a connection after 50 or 60 s of silence, so every dialect pings more often than that. */
export const PING_MS = 25_000;
const PONG_WAIT_MS = bound(
  'time in which a socket of native, provisioning, drp or dorgu gives no sign of life',
  60_000,
  'ms',
  'its connection is cut',
);
/** Of every dialect whose document names no other. */
export const HEARTBEAT = { pingMs: PING_MS, pongWaitMs: PONG_WAIT_MS };

/** How a connection begins, and the bounds it lives in. */
export interface Session {
  readonly identity: Identity;
  readonly subscriptions: readonly Subscription[];
  /** The server pings every so often and cuts who gives no sign of life within the wait. */
  readonly heartbeat: { readonly pingMs: number; readonly pongWaitMs: number };
  /** A client that came without credentials must send them within this time. */
  readonly authWithinMs?: number;
  /** Absent: the dialect itself. */
  readonly encoding?: Encoding;
  /** Compress frames, if the client can read that. */
  readonly deflate?: boolean;
  readonly replay?: ReplayRequest;
  /** Told before anything else. */
  readonly first?: readonly HubEvent[];
  /** Closed with 1000 so long after everything that it was given at the opening has gone out. */
  readonly closeAfterMs?: number;
  readonly limits?: ConnectionLimits;
}

/** What a connection is sent before the live events, without gap or double at the seam. One of these, if any. */
export type ReplayRequest =
  | {
      readonly since: Cursor;
      /** The place was made of a time: no event need stand there. */
      readonly ofTime?: true;
    }
  /** What the retention rules keep, in the order of the queries; `as` says how it is told, where not as it is. */
  | { readonly retained: readonly RetainedQuery[]; readonly as?: (event: HubEvent) => HubEvent }
  /** Of what it may hear of the last so many milliseconds, the events that `select` leaves. */
  | { readonly lastMs: number; readonly select: (events: readonly HubEvent[]) => readonly HubEvent[] };

/** Where a dialect promises other bounds than the settings say. */
export interface ConnectionLimits {
  readonly queueMaxDeliveries?: number;
  readonly inboundMaxBytes?: number;
  readonly commandsPerSecond?: number;
  readonly subscriptionsMax?: number;
  /** Connections of one principal in this dialect. */
  readonly connectionsPerPrincipal?: number;
}

/** What one `subscribe` of a client comes to. */
export interface Subscription {
  /** By which it is unsubscribed, to the letter. */
  readonly name: string;
  readonly pattern: Pattern;
  /** All must hold. */
  readonly filters: readonly Filter[];
  /**
   * When the client may hear nothing of it: `alone`, it is refused and the rest of its command goes on; `kept`, it waits
   * in silence for a token that permits it. Absent: the whole command is refused.
   */
  readonly onForbidden?: 'alone' | 'kept';
  /** What becomes of it when the queue is full. All but the default are for encodings that put each event in a frame of its own. */
  readonly slow?: SlowPolicyName;
}

/** `ref` is what the reply names, so that the client knows which command it answers. */
export type Command =
  | {
      readonly kind: 'subscribe';
      readonly ref: string;
      readonly subscriptions: readonly Subscription[];
      readonly replay?: ReplayRequest;
      /** Names of subscriptions that end where these begin. */
      readonly replaces?: readonly string[];
    }
  | { readonly kind: 'unsubscribe'; readonly ref: string; readonly names: readonly string[] }
  /** Events in any format, as they were written, once under the key if there is one. */
  | {
      readonly kind: 'publish';
      readonly ref: string;
      readonly events: readonly JsonText[];
      readonly idempotencyKey?: string | undefined;
    }
  /** With `orClose`, a token that is refused also closes the connection with 1008. */
  | { readonly kind: 'auth'; readonly ref: string; readonly token: string; readonly orClose?: boolean }
  | { readonly kind: 'ping'; readonly ref: string }
  /** Lets everything before it go out, waits so long, and ends. */
  | { readonly kind: 'close'; readonly ref: string; readonly afterMs: number }
  /** Something that the system of this dialect passes over without a word. */
  | { readonly kind: 'ignore'; readonly ref: string };

/** An answer to a handshake that is not the upgrade, in the words of the dialect. */
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
