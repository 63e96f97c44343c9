import type { ServerResponse } from 'node:http';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';

const UNREAD_MAX = bound(
  'bytes of large HTTP answers of a node that their clients have not read yet',
  64 * 1_024 * 1_024,
  'bytes',
  'the answer that has waited for longest is cut',
);
/** An answer that is smaller than this is written at once. */
const PART_BYTES = 64 * 1_024;

export interface ResponseWriterOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** The connection of a client that reads nothing for this long is cut. */
  readonly writeTimeoutMs: number;
}

/** Sends large answers at the pace of their readers, within a bound of memory for all of them together. */
export class ResponseWriter {
  readonly #options: ResponseWriterOptions;
  /** The answers under way, the oldest first. */
  readonly #answers = new Map<ServerResponse, Buffer>();
  /** How many answers under way send the same bytes. */
  readonly #uses = new Map<Buffer, number>();
  #bytes = 0;

  constructor(options: ResponseWriterOptions) {
    this.#options = options;
  }

  /** Sends JSON. Status and headers are set by the caller, and the type of the JSON where it has one of its own. Other answers may send the same bytes. */
  send(response: ServerResponse, json: Buffer | string): void {
    const body = typeof json === 'string' ? Buffer.from(json) : json;
    if (!response.hasHeader('Content-Type'))
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', body.length);
    if (response.req.method === 'HEAD' || body.length <= PART_BYTES) {
      response.end(body);
      return;
    }
    this.#add(response, body);
    response.once('close', () => this.#remove(response));
    this.#write(response, body, 0);
  }

  /** Writes from this offset on as much as the client reads, then waits until the client reads more. */
  #write(response: ServerResponse, body: Buffer, from: number): void {
    let at = from;
    while (at < body.length) {
      const part = body.subarray(at, at + PART_BYTES);
      at += part.length;
      if (response.write(part)) continue;
      const cancel = this.#options.clock.after(this.#options.writeTimeoutMs, () => response.destroy());
      response.once('close', cancel);
      response.once('drain', () => {
        cancel();
        response.off('close', cancel);
        this.#write(response, body, at);
      });
      return;
    }
    response.end();
  }

  #add(response: ServerResponse, body: Buffer): void {
    const uses = this.#uses.get(body) ?? 0;
    if (uses === 0) this.#bytes += body.length;
    this.#uses.set(body, uses + 1);
    this.#answers.set(response, body);
    for (const [oldest] of this.#answers) {
      if (this.#bytes <= UNREAD_MAX || oldest === response) return;
      this.#remove(oldest);
      oldest.destroy();
    }
  }

  #remove(response: ServerResponse): void {
    const body = this.#answers.get(response);
    if (body === undefined) return;
    this.#answers.delete(response);
    const uses = (this.#uses.get(body) ?? 1) - 1;
    if (uses > 0) this.#uses.set(body, uses);
    else {
      this.#uses.delete(body);
      this.#bytes -= body.length;
    }
  }
}
