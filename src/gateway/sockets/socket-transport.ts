import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Transport } from '../../hub/transport.ts';

/**
 * Writes finished frames to the socket that the upgrade handed over. Beside it, `ws` handles the handshake, control
 * frames and everything that clients send. Both write whole frames within one turn of the event loop, so frames never
 * mix.
 */
export class SocketTransport implements Transport {
  readonly #socket: Duplex;
  readonly #ws: WebSocket;

  constructor(socket: Duplex, ws: WebSocket) {
    this.#socket = socket;
    this.#ws = ws;
  }

  /**
   * Bytes that the kernel has accepted do not count, while `writableNeedDrain` would count them until the turn is
   * over.
   */
  get full(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  onceDrained(run: () => void): void {
    this.#socket.once('drain', run);
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }
}
