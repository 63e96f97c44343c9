import type { Cursor } from '../model/cursor.ts';
import type { BelfryError } from '../model/errors.ts';
import type { HubEvent, NewEvent } from '../model/event.ts';
import type { Filter } from '../model/filter.ts';
import type { Json } from '../model/json.ts';
import type { Pattern } from '../model/pattern.ts';
import type { Identity } from '../model/principal.ts';

export type DialectName = 'native' | 'drp';

/** One spelling of events and commands on the wire. Holds no state: everything it knows of a client is handed in. */
export interface Dialect {
  readonly name: DialectName;
  /** How a client of this path and query begins. @throws Refusal before the upgrade */
  open(request: OpenRequest): Opening;
  /** What a text frame from a client asks for. @throws ProtocolError, and nothing else */
  decode(frame: string): Command;
  /** One event as one text frame; `undefined` when this dialect has no word for it. */
  encode(event: HubEvent): string | undefined;
  /** An event that a publisher wrote in this dialect; `undefined` when it is another spelling. @throws ProtocolError */
  parse(body: Json): NewEvent | undefined;
}

export interface OpenRequest {
  /** As requested, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Who asks, or why that could not be found out. */
  readonly caller: Identity | BelfryError;
}

/** How a connection begins, and the bounds it lives in. */
export interface Opening {
  readonly identity: Identity;
  readonly subscriptions: readonly Subscription[];
  /** Replay from here before going live. */
  readonly since?: Cursor;
  /** The server pings every so often and cuts who has not answered within the wait, counted from the last pong. */
  readonly heartbeat: { readonly pingMs: number; readonly pongWaitMs: number };
  /** A client that came without credentials must send them within this time. */
  readonly authWithinMs?: number;
}

/** What one `subscribe` of a client comes to. */
export interface Subscription {
  /** By which it is unsubscribed, to the letter. */
  readonly name: string;
  readonly pattern: Pattern;
  /** All must hold. */
  readonly filters: readonly Filter[];
}

/** `ref` is what the reply names, so that the client knows which command it answers. */
export type Command =
  | {
      readonly kind: 'subscribe';
      readonly ref: string;
      readonly subscriptions: readonly Subscription[];
      readonly since?: Cursor;
    }
  | { readonly kind: 'unsubscribe'; readonly ref: string; readonly names: readonly string[] }
  | { readonly kind: 'publish'; readonly ref: string; readonly events: readonly NewEvent[] }
  | { readonly kind: 'auth'; readonly ref: string; readonly token: string }
  | { readonly kind: 'ping'; readonly ref: string };

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
