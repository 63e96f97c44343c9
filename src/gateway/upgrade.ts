import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  Refusal,
  type Dialect,
  type DialectName,
  type DialectSettings,
  type Opening,
} from '../dialects/dialect.ts';
import { dialectAt, ownPath } from '../dialects/index.ts';
import type { Commands } from '../hub/commands.ts';
import type { Hub } from '../hub/hub.ts';
import { asBelfryError, BelfryError } from '../model/errors.ts';
import type { Identity } from '../model/principal.ts';
import type { Authenticator } from './auth.ts';
import { cookieOf, credentialsOf, type Credentials } from './credentials.ts';
import type { Heartbeat } from './heartbeat.ts';
import { checkOrigin } from './origin.ts';
import { SocketOutlet } from './outlet.ts';
import { addressOf, BAD_HANDSHAKE, METHOD_NOT_ALLOWED, refusalOf, refuse, targetOf } from './handshake.ts';
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
  /** Name of the cookie that may carry a token. */
  readonly cookie: string;
  readonly connectionsMax: number;
  /** How many proxies of one's own stand before the node. */
  readonly trustedHops: number;
  readonly inboundMaxBytes: number;
  /** Passed to the dialects as they are. */
  readonly settings: DialectSettings;
}

/** From a handshake to a connection: origin, limits, who it is, what its dialect says, and only then the upgrade. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  /** One for each size of inbound frames, with compression and without. */
  readonly #servers = new Map<string, WebSocketServer>();
  /** Handshakes under way; they count against the limit. */
  #opening = 0;
  #stopped = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** Every handshake from now on is refused. */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether there is room for a connection that comes without an upgrade. @throws BelfryError `limit_reached` */
  admit(): void {
    this.#checkLimit(1);
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
      this.#serverOf(opening).handleUpgrade(request, socket, head, (ws) =>
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
    if (dialect !== undefined && request.method !== 'GET') throw METHOD_NOT_ALLOWED;
    try {
      if (dialect === undefined) throw new BelfryError('not_found', 'No route');
      if (!dialect.checksOrigin) checkOrigin(request.headers.origin, this.#options.allowedOrigins);
      this.#checkLimit(0);
    } catch (error) {
      throw refusalOf(error);
    }
    const { hub, settings } = this.#options;
    const { origin } = request.headers;
    const opening = await dialect.open({
      path: ownPath(path, dialect),
      query,
      ...(origin !== undefined && { origin }),
      caller: await this.#caller(request, query, dialect),
      now: hub.clock.now(),
      settings,
      retained: async (wish) => (await hub.history.retained([wish])).events,
    });
    return { dialect, opening };
  }

  #checkLimit(more: number): void {
    if (this.#stopped)
      throw new BelfryError('limit_reached', 'The node is going away. Expected you to try another one.');
    const { hub, connectionsMax } = this.#options;
    if (hub.connections.size + this.#opening + more <= connectionsMax) return;
    throw new BelfryError(
      'limit_reached',
      `The node holds ${connectionsMax} connections. Expected you to try again later, or another node.`,
    );
  }

  async #caller(
    request: IncomingMessage,
    query: URLSearchParams,
    dialect: Dialect,
  ): Promise<Identity | BelfryError> {
    const { authenticator, log } = this.#options;
    try {
      const found = await authenticator.authenticate(this.#credentials(request, query, dialect));
      return dialect.identify?.(found) ?? found;
    } catch (error) {
      const refused = asBelfryError(error);
      if (refused.code === 'internal') log.error({ err: refused.cause }, 'authentication failed');
      return refused;
    }
  }

  /** A cookie counts where the dialect lives on cookies, and only for pages of the hub's own host or an allowed origin. */
  #credentials(request: IncomingMessage, query: URLSearchParams, { name }: Dialect): Credentials {
    const { authorization, cookie, host, origin } = request.headers;
    const token = name === 'mist' ? cookieOf(cookie, this.#options.cookie) : undefined;
    if (token === undefined) return credentialsOf({ authorization, query });
    const sameHost = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
    if (!sameHost && !this.#options.allowedOrigins.includes(origin)) {
      throw new BelfryError(
        'origin_forbidden',
        'A page of another host may not use the cookie. Expected its origin in BELFRY_ALLOWED_ORIGINS.',
      );
    }
    return { kind: 'bearer', token };
  }

  #serverOf({ deflate = false, limits }: Opening): WebSocketServer {
    const maxPayload = limits?.inboundMaxBytes ?? this.#options.inboundMaxBytes;
    const key = `${maxPayload} ${deflate}`;
    let server = this.#servers.get(key);
    if (server === undefined) {
      const settings = {
        noServer: true,
        clientTracking: false,
        // The hub compresses by itself; ws agrees with the client on how, and inflates what comes in.
        perMessageDeflate: deflate && { serverNoContextTakeover: true, clientNoContextTakeover: true },
        maxPayload,
        // Looked at where the frame is read: rubbish is answered, and disconnects nobody.
        skipUTF8Validation: true,
        closeTimeout: CLOSE_TIMEOUT_MS,
      };
      server = new WebSocketServer(settings);
      server.on('wsClientError', (_error, socket) => refuse(socket, BAD_HANDSHAKE));
      this.#servers.set(key, server);
    }
    return server;
  }

  #attach(ws: WebSocket, request: IncomingMessage, socket: Duplex, dialect: Dialect, opening: Opening): void {
    const { hub, commands, heartbeat, log } = this.#options;
    const remoteAddr = addressOf(request, this.#options.trustedHops);
    const deflate = ws.extensions.includes('permessage-deflate');
    const connection = hub.attach(remoteAddr, dialect, opening, new SocketOutlet(socket, ws), deflate);
    const beat = heartbeat.add({
      heartbeat: opening.heartbeat,
      ping: () => ws.ping(),
      cut: () => ws.terminate(),
    });
    const about = { remoteAddr, dialect: dialect.name, principal: opening.identity.principal };
    ws.on('message', (data: Buffer, isBinary) => {
      if (isBinary) commands.receiveBinary(connection);
      else commands.receive(connection, data);
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
    commands.open(connection, opening);
  }
}
