import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Commands } from '../../hub/commands.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections } from '../../hub/connections.ts';
import type { Transport } from '../../hub/transport.ts';
import { endingOf } from './handshake.ts';
import type { HeartbeatEntry, Pingable, Heartbeat, Traffic } from './heartbeat.ts';
import { Pongs } from './pongs.ts';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';

/** The parts that all sockets of a node share. */
export interface WebSocketConnectionOptions {
  readonly connections: Pick<Connections, 'detach'>;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  readonly rejected: RejectedInput;
  readonly log: Logger;
}

/** One socket that became a connection. It handles what the client sends, and what the heartbeat demands. */
export class WebSocketConnection implements Pingable {
  readonly heartbeat: Pingable['heartbeat'];
  readonly traffic: Traffic | undefined;
  readonly #options: WebSocketConnectionOptions;
  readonly #ws: WebSocket;
  readonly #transport: Transport;
  readonly #connection: Connection;
  readonly #entry: HeartbeatEntry;
  /** Present once the client has sent a ping. */
  #pongs: Pongs | undefined;

  constructor(
    options: WebSocketConnectionOptions,
    { ws, socket, transport }: { ws: WebSocket; socket: Duplex; transport: Transport },
    connection: Connection,
    heartbeat: Pingable['heartbeat'],
  ) {
    this.heartbeat = heartbeat;
    this.traffic = socket instanceof Socket ? socket : undefined;
    this.#options = options;
    this.#ws = ws;
    this.#transport = transport;
    this.#connection = connection;
    this.#entry = options.heartbeat.add(this);
  }

  ping(): void {
    this.#ws.ping();
  }

  cut(): void {
    this.#options.connections.detach(this.#connection, 'no answer to pings');
    this.#ws.terminate();
  }

  /** Everything that a client sends is a sign of life. */
  onMessage(data: Buffer, isBinary: boolean): void {
    const { commands, heartbeat } = this.#options;
    heartbeat.heard(this.#entry);
    if (isBinary) commands.receiveBinary(this.#connection);
    else commands.receive(this.#connection, data);
  }

  onPing(data: Buffer): void {
    this.#options.heartbeat.heard(this.#entry);
    (this.#pongs ??= new Pongs(this.#ws, this.#transport)).answer(data);
  }

  onPong(): void {
    this.#options.heartbeat.pong(this.#entry);
  }

  onError({ message }: Error): void {
    const { connections, rejected } = this.#options;
    rejected.report('socket', 'command_invalid', { ...aboutOf(this.#connection), error: message });
    connections.detach(this.#connection, `refused: ${message}`);
  }

  onClose(code: number): void {
    const { connections, heartbeat, log } = this.#options;
    heartbeat.remove(this.#entry);
    connections.detach(this.#connection, endingOf(code));
    log.debug({ ...aboutOf(this.#connection), code }, 'connection closed');
  }
}

/**
 * A socket of `ws` that knows its connection, so that all sockets can share their listeners. Closures for each socket
 * took as much memory as everything else that the hub keeps for a connection.
 */
export class HubSocket extends WebSocket {
  #attached: WebSocketConnection | undefined;

  attach(attached: WebSocketConnection): void {
    this.#attached = attached;
    this.on('message', onMessage);
    this.on('ping', onPing);
    this.on('pong', onPong);
    this.on('error', onError);
    this.on('close', onClose);
  }

  static of(ws: WebSocket): WebSocketConnection | undefined {
    return ws instanceof HubSocket ? ws.#attached : undefined;
  }
}

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  HubSocket.of(this)?.onMessage(data, isBinary);
}

function onPing(this: WebSocket, data: Buffer): void {
  HubSocket.of(this)?.onPing(data);
}

function onPong(this: WebSocket): void {
  HubSocket.of(this)?.onPong();
}

function onError(this: WebSocket, error: Error): void {
  HubSocket.of(this)?.onError(error);
}

function onClose(this: WebSocket, code: number): void {
  HubSocket.of(this)?.onClose(code);
}

/** The fields that describe a connection in the log. */
export function aboutOf({ id, remoteAddr, dialect, identity }: Connection): object {
  return { id, remoteAddr, dialect: dialect.name, principal: identity.principal };
}
