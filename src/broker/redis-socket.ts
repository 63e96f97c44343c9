import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import { bound } from '../model/bound.ts';

/** For how long a closed connection may keep the process alive. */
export const DISCONNECT_TIMEOUT_MS = bound(
  'time for a lost Redis connection to close',
  200,
  'ms',
  'it is cut',
);

/** Takes what a socket receives, in place of its stream. */
export interface SocketReader {
  readonly onread: OnReadOpts;
  /** Called with the socket, before it has received anything. */
  begin(socket: Socket): void;
}

/** Where a socket leads, with the names that ioredis and Node have for it. */
export interface SocketOptions {
  readonly host?: string;
  readonly port?: number;
  readonly family?: number;
  readonly path?: string;
  /** Present where the socket speaks TLS. */
  readonly tls?: ConnectionOptions | true;
}

/** Opens a socket to Redis, which a reader may read. */
export function openSocket({ tls, ...to }: SocketOptions, reader: SocketReader | undefined): Socket {
  const options = { ...to, ...(reader !== undefined && { onread: reader.onread }) };
  const socket =
    tls === undefined
      ? connectTcp(options as Parameters<typeof connectTcp>[0])
      : connectTls({ ...options, ...(tls !== true && tls) });
  reader?.begin(socket);
  return socket;
}

/** Connects ioredis with one Redis, at the address that ioredis itself has parsed, by a socket which a reader reads. */
export function readBy(open: () => SocketReader): new (options: unknown) => AbstractConnector {
  return class extends AbstractConnector {
    readonly #options: SocketOptions;

    constructor(options: unknown) {
      super(DISCONNECT_TIMEOUT_MS);
      const { host, port, family, path, tls } = options as SocketOptions;
      this.#options = {
        ...(host !== undefined && { host }),
        ...(port !== undefined && { port }),
        ...(family !== undefined && { family }),
        ...(path !== undefined && { path }),
        ...(tls !== undefined && { tls }),
      };
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      this.stream = openSocket(this.#options, open());
      this.stream.once('error', (error: Error) => (this.firstError = error));
      return this.stream;
    }
  };
}
