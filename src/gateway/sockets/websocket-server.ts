import type { Session } from '../../dialects/dialect.ts';
import type { ConnectionInfo } from '../../hub/connection-info.ts';
import type { Connections } from '../../hub/connections.ts';
import { bound } from '../../model/bound.ts';
import { CLOSE, closeWith } from '../../model/close-codes.ts';
import type { BelfryError } from '../../model/errors.ts';
import { chooseCompression } from './compression.ts';
import { answerTo, BAD_HANDSHAKE } from './handshake.ts';
import type { HandshakeHead, HandshakeRequest } from './handshake-request.ts';
import {
  aboutOf,
  WebSocketConnection,
  type Agreed,
  type WebSocketConnectionOptions,
} from './websocket-connection.ts';

export interface WebSocketsOptions extends WebSocketConnectionOptions {
  readonly connections: Connections;
  readonly inboundMaxBytes: number;
}

/** A handshake that may be upgraded. */
interface Decided {
  readonly request: HandshakeRequest;
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
 * Whether all that is sent at once fits into one write with the answer to the handshake. An answer that is held back for
 * longer would make the client wait.
 */
function hasShortAnswer({ first = [], subscriptions }: Session): boolean {
  return first.length === 0 && subscriptions.length <= FEW;
}

/** Carries out the upgrade, and joins the socket to its connection. */
export class WebSockets {
  readonly #options: WebSocketsOptions;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
  }

  /**
   * Carries out the upgrade. The result says whether the socket became a connection. A client without room is upgraded
   * so that it can be told the reason, because a page in a browser cannot see the status of a failed handshake.
   * @throws Refusal when the request is no handshake
   */
  accept(info: ConnectionInfo, { request, full }: Decided): boolean {
    const { stream: socket } = request;
    if (socket.destroyed) return false;
    const { session } = info;
    const websocket = new WebSocketConnection(
      this.#options,
      socket,
      this.#agree(info, request),
      session.heartbeat,
    );
    // The client has left already.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return false;
    }
    if (full === undefined) this.#attach(websocket, info);
    else {
      const { code, reason } = closeWith(CLOSE.tryLater, full.message);
      websocket.close(code, reason);
    }
    websocket.begin();
    request.pass(websocket);
    return full === undefined;
  }

  #agree({ dialect, session }: ConnectionInfo, { headers }: HandshakeHead): Agreed {
    const { limits, deflate = false } = session;
    const compression = deflate ? chooseCompression(headers['sec-websocket-extensions']) : undefined;
    if (compression === false) throw BAD_HANDSHAKE;
    return {
      head: answerTo({ headers }, dialect.subprotocols ?? [], compression),
      inflates: compression !== undefined,
      inboundMaxBytes: limits?.inboundMaxBytes ?? this.#options.inboundMaxBytes,
    };
  }

  #attach(websocket: WebSocketConnection, info: ConnectionInfo): void {
    const { connections, commands, log } = this.#options;
    const { session } = info;
    if (!hasShortAnswer(session)) websocket.begin();
    const connection = connections.attach(info, websocket, websocket.inflates);
    websocket.attach(connection, session.authWithinMs !== undefined);
    if (log.isLevelEnabled('debug')) log.debug(aboutOf(connection), 'connection opened');
    commands.open(connection, session);
  }
}
