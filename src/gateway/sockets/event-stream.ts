import type { Request, Response } from 'express';
import type { Encoding, Subscription } from '../../dialects/dialect.ts';
import { native } from '../../dialects/native.ts';
import type { Commands } from '../../hub/commands.ts';
import type { ConnectionInfo } from '../../hub/connection-info.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections } from '../../hub/connections.ts';
import type { Delivery } from '../../hub/delivery.ts';
import type { EventLog } from '../../hub/event-log.ts';
import type { Transport } from '../../hub/transport.ts';
import type { Clock } from '../../model/clock.ts';
import { CLOSE, closeWith, type Close } from '../../model/close-codes.ts';
import type { BelfryError } from '../../model/errors.ts';
import { HUB_TYPE, type HubEvent } from '../../model/event.ts';
import { isJsonObject, valueOf } from '../../model/json.ts';
import type { Position } from '../../model/position.ts';
import { UNKNOWN, type Identity } from '../../model/principal.ts';
import type { Admission, Slot } from './admission.ts';
import { TokenEnded } from '../auth/claims.ts';
import { addressOf } from '../http/client-address.ts';
import { userAgentOf } from '../http/request-target.ts';
import type { Heartbeat } from './heartbeat.ts';
import { bound } from '../../model/bound.ts';
import type { RefusedHandshakes } from '../../telemetry/refused-handshakes.ts';

/**
 * Proxies cut a connection that is silent for a minute, some after half of one. A stream is never cut for a missing pong,
 * since its client cannot send any.
 */
const HEARTBEAT = { pingMs: 15_000, pongWaitMs: Number.POSITIVE_INFINITY };
/** How long a client may take to read the rest of what was sent. */
const CLOSE_TIMEOUT_MS = bound(
  'time for the end of an event stream to be read',
  10_000,
  'ms',
  'the connection is closed',
);
/** Spread by the port of the client, so that the clients of a node that goes away do not all come back at once. */
const RETRY_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;
/** A client whose token has ended sends it again until its page has another one. */
const RETRY_ENDED_MS = 10_000;
/** The statuses of refusals that pass: too many requests at a time, or something that is away. */
const LATER: ReadonlySet<number> = new Set([429, 503]);

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // For whatever compresses or collects on the way: each event goes on at once, and as it is.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  // A stream that ended leaves nothing behind to be used again.
  Connection: 'close',
};

export interface StreamOptions {
  readonly connections: Connections;
  readonly delivery: Pick<Delivery, 'tell'>;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  /** How many proxies of one's own stand before the node. */
  readonly trustedHops: number;
  readonly newId: () => string;
  readonly admission: Admission;
  readonly refused: RefusedHandshakes;
}

const STREAMS = new WeakMap<Encoding, Encoding>();

/** Server-sent events (HTML Living Standard, 9.2): the data is the event in this encoding, the id the position after it. */
export function eventStreamOf(data: Encoding): Encoding {
  const known = STREAMS.get(data);
  if (known !== undefined) return known;
  const stream: Encoding = {
    name: data === native ? 'event stream' : `event stream ${data.name}`,
    frame: (text) => Buffer.from(text),
    encode(event: HubEvent, position: Position | undefined = event.id): string | undefined {
      if (event.type === HUB_TYPE) return encodeOwn(event, data);
      // Not in the log: the client keeps the id that it has.
      if (position === undefined) return `data: ${data.encode(event)}\n\n`;
      return `id: ${position}\ndata: ${data.encode(event)}\n\n`;
    },
  };
  STREAMS.set(data, stream);
  return stream;
}

/** The id alone tells the client where it begins; nothing is dispatched without data. */
function encodeOwn(event: HubEvent, data: Encoding): string | undefined {
  const said = valueOf(event.object);
  const { cursor, to } = isJsonObject(said) ? said : {};
  if (event.action === 'subscribe' && typeof cursor === 'string') return `id: ${cursor}\n\n`;
  if (event.action !== 'gap') return undefined;
  const id = typeof to === 'string' ? `id: ${to}\n` : '';
  return `event: gap\n${id}data: ${data.encode(event)}\n\n`;
}

/** What the client of a stream asks for. */
export interface StreamRequest {
  readonly identity: Identity;
  readonly subscriptions: readonly Subscription[];
  /** How the events are written. */
  readonly data: Encoding;
  readonly replay?: { readonly since: string; readonly ofTime?: true };
  /** It goes on from a place that it cannot name any more: what it missed is told as a gap. */
  readonly isLost?: boolean;
}

/**
 * Answers with events until either side ends it. It is a connection of the hub like those of sockets: within the same
 * limits, and in the registry as one of type `stream`. @throws BelfryError `limit_reached` or `unavailable`
 */
export async function openStream(
  options: StreamOptions,
  request: Request,
  response: Response,
  asked: StreamRequest,
): Promise<void> {
  const { connections, clock, trustedHops, newId, admission, refused } = options;
  let slot: Slot | undefined;
  try {
    slot = admission.enter(asked.identity.principal === UNKNOWN);
    const info = {
      id: newId(),
      type: 'stream',
      remoteAddr: addressOf(request, trustedHops),
      userAgent: userAgentOf(request),
      createTime: clock.now(),
      dialect: native,
      session: { ...asked, heartbeat: HEARTBEAT, encoding: eventStreamOf(asked.data) },
    } as const;
    await connections.register(info);
    if (request.socket.destroyed) return connections.unregister(info, 'gone before the first event');
    attach(options, request, response, { asked, info });
  } catch (error) {
    refused.count(error);
    throw error;
  } finally {
    slot?.leave();
  }
}

function attach(
  { connections, delivery, eventLog, clock, commands, heartbeat }: StreamOptions,
  request: Request,
  response: Response,
  { asked, info }: { readonly asked: StreamRequest; readonly info: ConnectionInfo },
): void {
  begin(request, response, RETRY_MS);
  const transport = new StreamTransport(response, clock);
  const connection = connections.attach(info, transport);
  const entry = heartbeat.add({
    heartbeat: HEARTBEAT,
    ping: () => {
      if (!transport.full) transport.write(beatFor(connection, eventLog));
    },
    cut: () => response.destroy(),
  });
  response.once('close', () => {
    heartbeat.remove(entry);
    connections.detach(connection, 'stream closed');
  });
  if (asked.isLost) {
    const to = eventLog.position;
    delivery.tell(connection, 'gap', '', { from: null, to, reason: 'unknown cursor' });
  }
  commands.open(connection, info.session);
}

function begin(request: Request, response: Response, retryMs: number): void {
  response.writeHead(200, HEADERS);
  response.write(`retry: ${retryMs + ((request.socket.remotePort ?? 0) % RETRY_SPREAD_MS)}\n\n`);
}

/**
 * What keeps a silent stream alive, and is dispatched to no page: the id up to which the client was given what concerns
 * it, so that one that heard nothing for hours goes on from there. While it catches up or is slow, a comment does.
 */
function beatFor(connection: Connection, { position }: Pick<EventLog, 'position'>): Buffer {
  const isUpToDate = connection.cohort !== undefined && !connection.isSlow;
  return Buffer.from(isUpToDate ? `id: ${connection.givenUpTo(position)}\n\n` : ':\n\n');
}

function closeMessage({ code, reason }: Pick<Close, 'code' | 'reason'>): string {
  return `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

/**
 * Answers a client that is to come back with a stream that ends at once and says why: to the EventSource of browsers
 * every status but 200 is final. Answers whether it did; what would be refused again the same way stays refused.
 */
export function closeStream(
  error: BelfryError,
  request: Request,
  response: Response,
  { isStopped }: Pick<Admission, 'isStopped'>,
): boolean {
  const isEnded = error instanceof TokenEnded;
  if (!isEnded && !LATER.has(error.status)) return false;
  begin(request, response, isEnded ? RETRY_ENDED_MS : RETRY_MS);
  const later = isStopped ? CLOSE.draining : closeWith(CLOSE.tryLater, error.message);
  response.end(closeMessage(isEnded ? CLOSE.tokenExpired : later));
  return true;
}

/** The body of a response that does not end by itself. */
class StreamTransport implements Transport {
  readonly #response: Response;
  readonly #clock: Clock;

  constructor(response: Response, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
  }

  get full(): boolean {
    return this.#response.writableLength >= this.#response.writableHighWaterMark;
  }

  write(bytes: Buffer): void {
    if (!this.#response.writableEnded && !this.#response.destroyed) this.#response.write(bytes);
  }

  onceDrained(run: () => void): void {
    this.#response.once('drain', run);
  }

  /** The client comes back by itself, with the id of the last event, and then learns whether it still may. */
  close(code: number, reason: string): void {
    const response = this.#response;
    const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => response.destroy());
    response.once('close', cancel);
    response.end(closeMessage({ code, reason }));
  }
}
