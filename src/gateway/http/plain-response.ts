import { STATUS_CODES, validateHeaderValue } from 'node:http';
import { httpDate } from './http-date.ts';

/** Who sends the answer. */
export interface AnswerSender {
  /** The head as latin1, with the body behind it where there is one. */
  send(head: string, body: Buffer | undefined): void;
  destroy(): void;
  /** Whether the socket has taken everything that was sent. */
  readonly isFlushed: boolean;
}

/**
 * The answer to a plain request. It has the members of Node's ServerResponse that handlers of direct routes use, and sends the
 * same bytes.
 */
export class PlainResponse {
  statusCode = 200;
  /** Whether the connection is kept for another request. The head says so to the client. */
  shouldKeepAlive = true;
  headersSent = false;
  readonly #sender: AnswerSender;
  /** The lines which say for how long the connection is kept. */
  readonly #keptLines: string;
  /** Each header that was set, by its lower-case name. */
  #headers: Map<string, string> | undefined;
  #head = '';

  constructor(sender: AnswerSender, keptLines: string) {
    this.#sender = sender;
    this.#keptLines = keptLines;
  }

  get writableFinished(): boolean {
    return this.headersSent && this.#sender.isFlushed;
  }

  /** A later value takes the place of an earlier one. */
  setHeader(name: string, value: string): void {
    validateHeaderValue(name, value);
    this.#headers ??= new Map();
    this.#headers.set(name.toLowerCase(), `${name}: ${value}\r\n`);
  }

  /** The headers take the place of all that were set. */
  writeHead(status: number, headers: readonly string[]): void {
    let lines = '';
    for (let at = 0; at < headers.length; at += 2) lines += `${headers[at]}: ${headers[at + 1]}\r\n`;
    this.#begin(status, lines);
  }

  /** Sends the answer. Without a body its status must be one that has none. */
  end(body?: Buffer): void {
    if (!this.headersSent) this.#begin(this.statusCode, [...(this.#headers?.values() ?? [])].join(''));
    const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`;
    this.#sender.send(`${this.#head}${length}\r\n`, body);
  }

  destroy(): void {
    this.#sender.destroy();
  }

  #begin(status: number, lines: string): void {
    const connection = this.shouldKeepAlive ? this.#keptLines : 'Connection: close\r\n';
    this.#head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}Date: ${httpDate()}\r\n${connection}`;
    this.headersSent = true;
  }
}

/** The lines of an answer after which the connection is kept for this time, as Node writes them. */
export function keepAliveLines(keepAliveMs: number): string {
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n`;
}
