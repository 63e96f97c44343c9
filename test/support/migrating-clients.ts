import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';

/** A page of a system: it dials its own host, takes each frame as one JSON text, and dials again after any end. */
export class MigratingPage {
  readonly heard: unknown[] = [];
  readonly #url: string;
  readonly #options: ClientOptions;
  readonly #reconnectMs: number;
  #ws: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `reconnectMs` is how long it waits before it dials again. */
  constructor(url: string, reconnectMs: number, options: ClientOptions = {}) {
    this.#url = url.replace(/^http/, 'ws');
    this.#reconnectMs = reconnectMs;
    this.#options = options;
    this.#connect();
    onTestFinished(() => {
      this.#ws?.removeAllListeners('close').terminate();
      clearTimeout(this.#timer);
    });
  }

  #connect(): void {
    const ws = new WebSocket(this.#url, { perMessageDeflate: false, ...this.#options });
    this.#ws = ws;
    ws.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.heard.push(JSON.parse(data.toString()));
    });
    ws.on('error', () => undefined);
    ws.on('close', () => {
      this.#timer = setTimeout(() => this.#connect(), this.#reconnectMs);
    });
  }
}
