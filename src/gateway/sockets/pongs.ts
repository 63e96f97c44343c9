import type { WebSocket } from 'ws';
import type { Transport } from '../../hub/transport.ts';

/**
 * Answers the pings of one client: of those that come in one read the latest, and while its socket is full none (RFC 6455,
 * 5.5.3). So a client may send as many as it likes, and what waits for it stays one pong.
 */
export class Pongs {
  readonly #ws: WebSocket;
  readonly #transport: Pick<Transport, 'full' | 'onceDrained'>;
  #latest: Buffer | undefined;
  readonly #send = (): void => {
    if (this.#transport.full) return this.#transport.onceDrained(this.#send);
    const data = this.#latest;
    this.#latest = undefined;
    this.#ws.pong(data);
  };

  constructor(ws: WebSocket, transport: Pick<Transport, 'full' | 'onceDrained'>) {
    this.#ws = ws;
    this.#transport = transport;
  }

  /** All frames of one read come within one turn. */
  answer(data: Buffer): void {
    if (this.#latest === undefined) process.nextTick(this.#send);
    // The bytes are a part of what was read, which would be held as long as they are.
    this.#latest = Buffer.from(data);
  }
}
