import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { Refusal, type Dialect, type DialectName, type Opening } from '../dialects/dialect.ts';
import { drpRefusal } from '../dialects/drp.ts';
import { dialectAt } from '../dialects/index.ts';
import type { Commands } from '../hub/commands.ts';
import type { Hub } from '../hub/hub.ts';
import { asBelfryError, BelfryError } from '../model/errors.ts';
import type { Identity } from '../model/principal.ts';
import type { Authenticator } from './auth.ts';
import { credentialsOf } from './credentials.ts';
import type { Heartbeat } from './heartbeat.ts';
import { checkOrigin } from './origin.ts';
import { SocketOutlet } from './outlet.ts';
import type { Rubbish } from './rubbish.ts';

/** How long a client may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface UpgradeOptions {
  readonly hub: Hub;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  readonly authenticator: Authenticator;
  readonly rubbish: Rubbish;
  readonly log: Logger;
  readonly allowedOrigins: readonly string[];
  readonly connectionsMax: number;
  readonly inboundMaxBytes: number;
}

/** From a handshake to a connection: origin, limits, who it is, what its dialect says, and only then the upgrade. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #server: WebSocketServer;
  /** Handshakes under way; they count against the limit. */
  #opening = 0;
  #stopped = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.inboundMaxBytes,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#server = new WebSocketServer(settings);
    this.#server.on('wsClientError', (_error, socket) => refuse(socket, BAD_HANDSHAKE));
  }

  /** Every handshake from now on is refused. */
  stop(): void {
    this.#stopped = true;
  }

  /** Answers an upgrade request, one way or the other. Never rejects. */
  async handle(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    byDefault: DialectName | undefined,
  ): Promise<void> {
    const { log } = this.#options;
    socket.on('error', (error) => log.debug({ err: error }, 'socket failed'));
    this.#opening++;
    try {
      const { dialect, opening } = await this.open(request, byDefault);
      if (socket.destroyed) return;
      this.#server.handleUpgrade(request, socket, head, (ws) =>
        this.#attach(ws, request, socket, dialect, opening),
      );
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) log.error({ err: thrown }, 'upgrade failed');
      refuse(socket, thrown instanceof Refusal ? thrown : refusalOf(thrown));
    } finally {
      this.#opening--;
    }
  }

  /** Everything that is decided before the upgrade. @throws Refusal */
  async open(
    request: IncomingMessage,
    byDefault: DialectName | undefined,
  ): Promise<{ dialect: Dialect; opening: Opening }> {
    const { path, query } = targetOf(request);
    const dialect = dialectAt(path, byDefault);
    try {
      if (dialect === undefined) throw new BelfryError('not_found', 'No route');
      checkOrigin(request.headers.origin, this.#options.allowedOrigins);
      this.#checkLimit();
    } catch (error) {
      throw refusalOf(error);
    }
    const caller = await this.#caller(request.headers.authorization, query);
    return { dialect, opening: dialect.open({ path, query, caller }) };
  }

  #checkLimit(): void {
    if (this.#stopped)
      throw new BelfryError('limit_reached', 'The node is going away. Expected you to try another one.');
    const { hub, connectionsMax } = this.#options;
    if (hub.connections.size + this.#opening <= connectionsMax) return;
    throw new BelfryError(
      'limit_reached',
      `The node holds ${connectionsMax} connections. Expected you to try again later, or another node.`,
    );
  }

  async #caller(authorization: string | undefined, query: URLSearchParams): Promise<Identity | BelfryError> {
    try {
      return await this.#options.authenticator.authenticate(credentialsOf({ authorization, query }));
    } catch (error) {
      const refused = asBelfryError(error);
      if (refused.code === 'internal')
        this.#options.log.error({ err: refused.cause }, 'authentication failed');
      return refused;
    }
  }

  #attach(ws: WebSocket, request: IncomingMessage, socket: Duplex, dialect: Dialect, opening: Opening): void {
    const { hub, commands, heartbeat, log } = this.#options;
    const remoteAddr = addressOf(request);
    const connection = hub.attach(remoteAddr, dialect, opening, new SocketOutlet(socket, ws));
    const beat = heartbeat.add({
      heartbeat: opening.heartbeat,
      ping: () => ws.ping(),
      cut: () => ws.terminate(),
    });
    const about = { remoteAddr, dialect: dialect.name, principal: opening.identity.principal };
    ws.on('message', (data: Buffer, isBinary) => {
      if (isBinary) commands.receiveBinary(connection);
      else commands.receive(connection, data.toString());
    });
    ws.on('pong', () => heartbeat.pong(beat));
    ws.on('error', (error) =>
      this.#options.rubbish.report('socket', 'command_invalid', { ...about, error: error.message }),
    );
    ws.on('close', (code) => {
      heartbeat.remove(beat);
      hub.detach(connection);
      log.debug({ ...about, code }, 'connection closed');
    });
    log.debug(about, 'connection opened');
    const { subscriptions, since } = opening;
    if (subscriptions.length === 0) return;
    commands.run(connection, {
      kind: 'subscribe',
      ref: '',
      subscriptions,
      ...(since !== undefined && { since }),
    });
  }
}

const BAD_HANDSHAKE = new Refusal(
  400,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13' },
  'Bad Request',
);

export function badHandshake(): Refusal {
  return BAD_HANDSHAKE;
}

/** Path and query of a request, whatever its Host says. */
export function targetOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** `ip:port`, with an IPv6 address in brackets. */
function addressOf({ socket: { remoteAddress = 'unknown', remotePort = 0 } }: IncomingMessage): string {
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}

function refusalOf(thrown: unknown): Refusal {
  const error = asBelfryError(thrown);
  const { status, headers, body } = drpRefusal(error, 'GET');
  return new Refusal(status, error.status === 503 ? { ...headers, 'Retry-After': '1' } : headers, body);
}

/** A plain HTTP answer instead of the upgrade. */
function refuse(socket: Duplex, { status, headers, body }: Refusal): void {
  const all = { Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
