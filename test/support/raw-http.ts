import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** An answer as it was on the wire. */
export interface RawAnswer {
  readonly status: number;
  /** The headers by their lower-case names. Several lines of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection on which a test writes requests byte by byte. */
export class RawConnection {
  readonly socket: Socket;
  /** How the connection ended: `end` for an orderly end, or the code of an error such as `ECONNRESET`. */
  readonly ended: Promise<string>;
  /** The text that arrived and was not read yet. It is kept in parts until there is enough for an answer. */
  #parts: string[] = [];
  #length = 0;
  #needed = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#parts.push(text);
      this.#length += text.length;
    });
    this.ended = new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      socket.once('end', () => resolve('end'));
    });
  }

  write(...lines: readonly string[]): void {
    this.socket.write(lines.join('\r\n'), 'latin1');
  }

  /** Sends a head, to which the blank line is added, and a body. It resolves with the next answer. */
  async ask(head: readonly string[], body = ''): Promise<RawAnswer> {
    this.write(...head, '', body);
    return this.next();
  }

  /** The next answer. It rejects when the connection ends first. */
  async next(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      const more = new Promise<string>((resolve) => this.socket.once('data', () => resolve('')));
      const how = await Promise.race([more, this.ended]);
      if (how !== '' && this.#length === 0) throw new Error(`ended (${how}) before an answer came`);
      if (how !== '') return this.#rest();
    }
  }

  #take(): RawAnswer | undefined {
    if (this.#length < this.#needed) return undefined;
    const text = this.#parts.join('');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const { status, headers } = headOf(text.slice(0, end));
    const bodiless = status < 200 || status === 204 || status === 304;
    const length = bodiless ? 0 : Number(headers['content-length'] ?? Number.NaN);
    const from = end + 4;
    this.#needed = Number.isNaN(length) ? 0 : from + length;
    if (Number.isNaN(length) || text.length < this.#needed) return undefined;
    this.#keep(text.slice(from + length));
    return { status, headers, body: text.slice(from, from + length) };
  }

  /** An answer that ends with the connection. */
  #rest(): RawAnswer {
    const [head = '', ...body] = this.#parts.join('').split('\r\n\r\n');
    this.#keep('');
    return { ...headOf(head), body: body.join('\r\n\r\n') };
  }

  #keep(text: string): void {
    this.#parts = text === '' ? [] : [text];
    this.#length = text.length;
    this.#needed = 0;
  }
}

function headOf(text: string): Pick<RawAnswer, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = [headers[name], line.slice(colon + 1).trim()].filter((part) => part).join(', ');
  }
  return { status: Number(first.split(' ')[1]), headers };
}

/** Opens a connection to a node. It ends with the test. */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const connection = new RawConnection(socket);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return connection;
}

/** Sends one request on a connection of its own. */
export async function rawRequest(url: string, head: readonly string[], body = ''): Promise<RawAnswer> {
  return (await rawConnection(url)).ask(head, body);
}
