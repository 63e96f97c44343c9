import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type Server, type WebSocket } from 'ws';
import type { Session } from '../../dialects/dialect.ts';
import type { ConnectionInfo } from '../../hub/connection-info.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections } from '../../hub/connections.ts';
import { CLOSE, closeWith } from '../../model/close-codes.ts';
import type { BelfryError } from '../../model/errors.ts';
import {
  aboutOf,
  WebSocketConnection,
  HubSocket,
  type WebSocketConnectionOptions,
} from './websocket-connection.ts';
import { chooseCompression } from './compression.ts';
import { BAD_HANDSHAKE, choose } from './handshake.ts';
import { refuse } from '../http/raw-answer.ts';
import { SocketTransport } from './socket-transport.ts';
import { bound } from '../../model/bound.ts';

/** How long a client may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = bound(
  'time for a client to answer a close frame',
  10_000,
  'ms',
  'its connection is cut',
);

export interface WebSocketsOptions extends WebSocketConnectionOptions {
  readonly connections: Connections;
  readonly inboundMaxBytes: number;
}

/** A handshake that may be upgraded. */
interface Decided {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The reason why there is no room for the connection, if there is none. */
  readonly full: BelfryError | undefined;
}

const FEW = bound(
  'subscriptions of a URL whose answer goes out in one write with the answer to the handshake',
  10,
  'entries',
  'their answer is written by itself',
);

/**
 * Whether all that is sent at once fits into one write with the answer to the handshake. A socket that holds more back would
 * look like that of a client that does not read.
 */
function hasShortAnswer({ first = [], replay, subscriptions }: Session): boolean {
  return first.length === 0 && replay === undefined && subscriptions.length <= FEW;
}

/** Carries out the upgrade, and joins the socket to its connection. */
export class WebSockets {
  readonly #options: WebSocketsOptions;
  /** One server for each combination of dialect, frame size and compression. */
  readonly #servers = new Map<string, Server<typeof HubSocket>>();

  constructor(options: WebSocketsOptions) {
    this.#options = options;
  }

  /**
   * Carries out the upgrade. The result says whether the socket became a connection. A client without room is upgraded
   * so that it can be told the reason, because a page in a browser cannot see the status of a failed handshake.
   */
  accept(info: ConnectionInfo, { request, socket, head, full }: Decided): boolean {
    let attached = false;
    if (socket.destroyed) return attached;
    choose(request);
    if (info.session.deflate && !chooseCompression(request.headers)) {
      refuse(socket, BAD_HANDSHAKE);
      return attached;
    }
    if (hasShortAnswer(info.session)) socket.cork();
    // `ws` calls back within this call, or never.
    this.#serverOf(info).handleUpgrade(request, socket, head, (ws) => {
      if (full !== undefined) return this.#turnAway(ws, info, full);
      attached = true;
      this.#attach(ws, socket, info);
    });
    socket.uncork();
    return attached;
  }

  #serverOf({ dialect, session: { deflate = false, limits } }: ConnectionInfo): Server<typeof HubSocket> {
    const { subprotocols = [] } = dialect;
    const maxPayload = limits?.inboundMaxBytes ?? this.#options.inboundMaxBytes;
    const key = `${dialect.name} ${maxPayload} ${deflate}`;
    let server = this.#servers.get(key);
    if (server === undefined) {
      const settings = {
        WebSocket: HubSocket,
        noServer: true,
        clientTracking: false,
        // The hub compresses by itself. `ws` agrees with the client on the parameters, and decompresses what the
        // client sends.
        perMessageDeflate: deflate && { serverNoContextTakeover: true, clientNoContextTakeover: true },
        maxPayload,
        // The hub answers pings by itself, because `ws` ends a connection without a message if the client sends too
        // many.
        autoPong: false,
        // None of the five real servers ever chose a subprotocol. By default `ws` chooses the first, which may be a
        // token.
        handleProtocols: (offered: Set<string>) => subprotocols.find((name) => offered.has(name)) ?? false,
        // The text is checked where the frame is read. Rejected input is answered there, and does not close the
        // connection.
        skipUTF8Validation: true,
        closeTimeout: CLOSE_TIMEOUT_MS,
      };
      server = new WebSocketServer(settings);
      server.on('wsClientError', (_error, socket) => refuse(socket, BAD_HANDSHAKE));
      this.#servers.set(key, server);
    }
    return server;
  }

  #turnAway(ws: WebSocket, { remoteAddr }: ConnectionInfo, { message }: BelfryError): void {
    const { code, reason } = closeWith(CLOSE.tryLater, message);
    ws.on('error', (error) => this.#options.log.debug({ err: error, remoteAddr }, 'socket failed'));
    ws.close(code, reason);
  }

  #attach(ws: HubSocket, socket: Duplex, info: ConnectionInfo): void {
    const { connections, commands, log } = this.#options;
    const { session } = info;
    const transport = new SocketTransport(socket, ws);
    const connection = connections.attach(info, transport, ws.extensions.includes('permessage-deflate'));
    ws.attach(
      new WebSocketConnection(this.#options, { ws, socket, transport }, connection, session.heartbeat),
    );
    if (session.authWithinMs !== undefined) this.#watch(ws, socket, connection);
    log.debug(aboutOf(connection), 'connection opened');
    commands.open(connection, session);
  }

  /** Counts the bytes of a client that has not signed in yet, so that no large frame of such a client is collected. */
  #watch(ws: WebSocket, socket: Duplex, connection: Connection): void {
    const { unauthenticated } = this.#options.commands;
    let unread = 0;
    const count = (bytes: Buffer): void => {
      if (!unauthenticated.has(connection)) return void socket.off('data', count);
      unread += bytes.length;
      const objection = unauthenticated.objectionToUnread(connection, unread);
      if (objection === undefined) return;
      connection.close(objection);
      // The data that follows is not collected either. The client is cut if it does not leave.
      socket.pause();
    };
    socket.on('data', count);
    ws.on('message', () => (unread = 0));
  }
}
