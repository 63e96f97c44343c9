import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';

/** A WebSocket client that queues the frames it receives, so that a test can wait for them. */
export class TestClient {
  readonly ws: WebSocket;
  readonly #heard: string[] = [];
  readonly #waiting: ((frame: string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      const frame = data.toString();
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#heard.push(frame);
      else waiting(frame);
    });
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  send(frame: string | object): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame, as text. It rejects when the connection ends first. */
  async nextText(): Promise<string> {
    const heard = this.#heard.shift();
    if (heard !== undefined) return heard;
    const frame = new Promise<string>((resolve) => this.#waiting.push(resolve));
    const ended = this.closed.then(({ code, reason }): string => {
      throw new Error(`closed with ${code} ${reason} before a frame came`);
    });
    return Promise.race([frame, ended]);
  }

  /** The next frame, as JSON. */
  async next(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.nextText()) as Record<string, unknown>;
  }

  /** The frames that arrived and were not read by the test. */
  get unread(): readonly string[] {
    return this.#heard;
  }
}

/** Connects a client that ends with the test. It rejects with `refused with <status>` when the hub does not upgrade. */
export async function connect(
  url: string,
  options: ClientOptions = {},
  protocols: string[] = [],
): Promise<TestClient> {
  const ws = new WebSocket(url, protocols, { rejectUnauthorized: false, ...options });
  const client = new TestClient(ws);
  onTestFinished(() => ws.terminate());
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve);
    ws.on('error', reject);
    ws.on('unexpected-response', (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      ws.terminate();
    });
  });
  return client;
}

/** Connects a native client that has subscribed and has read the answer to its subscription. */
export async function nativeClient(
  base: string,
  token: string,
  patterns: readonly string[],
  more: object = {},
): Promise<TestClient> {
  const client = await connect(`${base.replace(/^http/, 'ws')}/native/ws`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  client.send({ id: 'first', command: 'subscribe', patterns, ...more });
  await client.next();
  return client;
}

/** Connects a drp client that has registered and has read its acks. */
export async function drpClient(
  base: string,
  token: string,
  patterns: readonly string[],
): Promise<TestClient> {
  const client = await connect(`${base.replace(/^http/, 'ws')}/api/v3/ws`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  for (const pattern of patterns) {
    client.send(`register ${pattern}`);
    await client.next();
  }
  return client;
}
