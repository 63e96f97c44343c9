import type { WebSocket } from 'ws';
import type { Transport } from '../../hub/transport.ts';

/**
 * Answers the pings of one client. Of the pings in one read it answers the latest, and it answers none while the
 * socket is full (RFC 6455, 5.5.3). So a client may send any number of pings, and never more than one pong waits for
 * it.
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

  /** Notes a ping. All frames of one read come within one turn of the event loop. */
  answer(data: Buffer): void {
    if (this.#latest === undefined) process.nextTick(this.#send);
    // The data is copied, because it is a part of a larger read that would otherwise stay in memory.
    this.#latest = Buffer.from(data);
  }
}
