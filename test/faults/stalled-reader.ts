import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** A client that reads nothing from its socket until the test tells it to. */
export class StalledReader {
  readonly closed: Promise<number>;
  readonly #ws: WebSocket;

  constructor(url: string, token: string, pattern: string) {
    this.#ws = new WebSocket(`${url.replace(/^http/, 'ws')}/native/ws?pattern=${pattern}`, {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    this.#ws.on('error', () => undefined);
    this.#ws.once('message', () => this.#ws.pause());
    this.closed = new Promise((resolve) => void this.#ws.once('close', resolve));
  }

  get isStalled(): boolean {
    return this.#ws.isPaused;
  }

  readOn(): void {
    this.#ws.resume();
  }

  async stop(): Promise<void> {
    this.#ws.terminate();
    await Promise.race([this.closed, pause(1_000)]);
  }
}
