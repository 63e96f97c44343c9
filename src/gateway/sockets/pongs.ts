import type { Transport } from '../../hub/transport.ts';

/** The part of a socket that sends pongs. */
export interface PongSocket extends Pick<Transport, 'full' | 'onceDrained'> {
  pong(data: Buffer): void;
}

/**
 * Answers the pings of one client. Of the pings in one read it answers the latest, and it answers none while the
 * socket is full (RFC 6455, 5.5.3). So a client may send any number of pings, and never more than one pong waits for
 * it.
 */
export class Pongs {
  readonly #socket: PongSocket;
  #latest: Buffer | undefined;
  readonly #send = (): void => {
    if (this.#socket.full) return this.#socket.onceDrained(this.#send);
    const data = this.#latest;
    this.#latest = undefined;
    if (data !== undefined) this.#socket.pong(data);
  };

  constructor(socket: PongSocket) {
    this.#socket = socket;
  }

  /** Notes a ping. All frames of one read come within one turn of the event loop. */
  answer(data: Buffer): void {
    if (this.#latest === undefined) process.nextTick(this.#send);
    // The data is copied, because it is a part of a larger read that would otherwise stay in memory.
    this.#latest = Buffer.from(data);
  }
}
