import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Transport } from '../../hub/transport.ts';

/**
 * The socket that the upgrade handed over, for finished frames, beside the `ws` that keeps the handshake, control
 * frames and everything inbound. Both write whole frames within one turn, so they never interleave.
 */
export class SocketTransport implements Transport {
  readonly #socket: Duplex;
  readonly #ws: WebSocket;

  constructor(socket: Duplex, ws: WebSocket) {
    this.#socket = socket;
    this.#ws = ws;
  }

  /** What the kernel has taken counts no more, where `writableNeedDrain` would still say so until the turn is over. */
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
