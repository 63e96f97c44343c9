import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type Server, type WebSocket } from 'ws';
import type { ConnectionInfo } from '../../hub/connection-info.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections } from '../../hub/connections.ts';
import { CLOSE, closeWith } from '../../model/close.ts';
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

/** A handshake that was decided. */
interface Decided {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Why there is no room for it. */
  readonly full: BelfryError | undefined;
}

/** The upgrade itself, and what joins a socket to its connection from then on. */
export class WebSockets {
  readonly #options: WebSocketsOptions;
  /** One for each size of inbound frames and list of subprotocols, with compression and without. */
  readonly #servers = new Map<string, Server<typeof HubSocket>>();

  constructor(options: WebSocketsOptions) {
    this.#options = options;
  }

  /**
   * Returns whether it became a connection. A client that finds no room is upgraded to be told so, since a page in a
   * browser cannot see the status of a handshake that failed.
   */
  accept(info: ConnectionInfo, { request, socket, head, full }: Decided): boolean {
    let attached = false;
    if (socket.destroyed) return attached;
    choose(request);
    if (info.session.deflate && !chooseCompression(request.headers)) {
      refuse(socket, BAD_HANDSHAKE);
      return attached;
    }
    // It calls back within this call, or not at all.
    this.#serverOf(info).handleUpgrade(request, socket, head, (ws) => {
      if (full !== undefined) return this.#turnAway(ws, info, full);
      attached = true;
      this.#attach(ws, socket, info);
    });
    return attached;
  }

  #serverOf({ dialect, session: { deflate = false, limits } }: ConnectionInfo): Server<typeof HubSocket> {
    const { subprotocols = [] } = dialect;
    const maxPayload = limits?.inboundMaxBytes ?? this.#options.inboundMaxBytes;
    const key = [maxPayload, deflate, ...subprotocols].join(' ');
    let server = this.#servers.get(key);
    if (server === undefined) {
      const settings = {
        WebSocket: HubSocket,
        noServer: true,
        clientTracking: false,
        // The hub compresses by itself; ws agrees with the client on how, and inflates what comes in.
        perMessageDeflate: deflate && { serverNoContextTakeover: true, clientNoContextTakeover: true },
        maxPayload,
        // The hub answers pings by itself: ws ends a connection without a word that sends more than it likes.
        autoPong: false,
        // None of the five servers ever chose a subprotocol; ws by itself takes the first, which may be a token.
        handleProtocols: (offered: Set<string>) => subprotocols.find((name) => offered.has(name)) ?? false,
        // The text is checked where the frame is read: input that is rejected is answered, and closes no connection.
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

  /** Counts the bytes of a client that has yet to sign in, so that no large frame of such a client is collected. */
  #watch(ws: WebSocket, socket: Duplex, connection: Connection): void {
    const { unauthenticated } = this.#options.commands;
    let unread = 0;
    const count = (bytes: Buffer): void => {
      if (!unauthenticated.has(connection)) return void socket.off('data', count);
      unread += bytes.length;
      const objection = unauthenticated.objectionToUnread(connection, unread);
      if (objection === undefined) return;
      connection.close(objection);
      // Nor is what follows; the client is cut where it does not go.
      socket.pause();
    };
    socket.on('data', count);
    ws.on('message', () => (unread = 0));
  }
}
