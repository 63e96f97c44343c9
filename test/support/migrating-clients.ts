import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
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

/** The class that the Provisioning Platform prints: it signs in by its URL, sends pings as JSON, and takes one event a frame. */
export class ProvisioningClient {
  readonly heard: unknown[] = [];
  pongs = 0;
  readonly #ws: WebSocket;

  constructor(baseUrl: string, token: string) {
    this.#ws = new WebSocket(`${baseUrl}/ws?token=${token}`);
    this.#ws.on('error', () => undefined);
    this.#ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type?: string; event_type?: string };
      if (message.type === 'pong') this.pongs++;
      if (message.event_type !== undefined) this.heard.push(message);
    });
    this.#ws.on('open', () => {
      this.#send({ type: 'ping' });
      this.#send({ type: 'subscribe', events: ['TaskStatusChanged'] });
    });
    onTestFinished(() => this.#ws.terminate());
  }

  #send(message: object): void {
    this.#ws.send(JSON.stringify(message));
  }

  disconnect(): void {
    this.#ws.close();
  }
}

/** `drpcli`: it signs in before each command, by the token that it has kept if the server takes it, or else by its password. */
export class DrpClient {
  readonly heard: unknown[] = [];
  /** The requests that were refused, as path and status. */
  readonly refused: string[] = [];
  readonly #endpoint: string;
  readonly #kept: { token?: string };
  #ws: WebSocket | undefined;

  /** `endpoint` is `RS_ENDPOINT`. `kept` is the file in which drpcli keeps its token, whatever the endpoint. */
  constructor(endpoint: string, kept: { token?: string }) {
    this.#endpoint = endpoint;
    this.#kept = kept;
  }

  /** `drpcli events watch`. It resolves once the server has acknowledged the registration. */
  async watch(filter: string): Promise<void> {
    await this.#signIn();
    const ws = new WebSocket(`${this.#endpoint.replace('https', 'wss')}/api/v3/ws`, {
      rejectUnauthorized: false,
      perMessageDeflate: false,
      headers: { Authorization: `Bearer ${this.#kept.token}` },
    });
    this.#ws = ws;
    onTestFinished(() => ws.terminate());
    await once(ws, 'open');
    ws.on('error', () => undefined);
    const acknowledged = new Promise<void>((resolve) => {
      ws.on('message', (data: Buffer) => {
        const event = JSON.parse(data.toString()) as { Type: string };
        if (event.Type === 'websocket') resolve();
        else this.heard.push(event);
      });
    });
    ws.send(`register ${filter}`);
    await acknowledged;
  }

  /** `drpcli events post`, which sends all seven fields, and Go's zero time. */
  async post(event: object): Promise<void> {
    await this.#signIn();
    const sent = { Time: '0001-01-01T00:00:00Z', Principal: '', Original: null, ...event };
    const { status, type } = await this.#ask('/api/v3/events', `Bearer ${this.#kept.token}`, sent);
    if (status !== 204 || type !== 'application/json') throw new Error(`Cannot handle ${status} ${type}`);
  }

  interrupt(): void {
    this.#ws?.terminate();
  }

  async #signIn(): Promise<void> {
    const { token } = this.#kept;
    if (token !== undefined && (await this.#ask('/api/v3/info', `Bearer ${token}`)).status === 200) return;
    const users = '/api/v3/users/rocketskates/token';
    const basic = `Basic ${Buffer.from('rocketskates:r0cketsk8ts').toString('base64')}`;
    const first = JSON.parse((await this.#ask(users, basic)).body) as { Token: string };
    const second = await this.#ask(`${users}?ttl=7200`, `Bearer ${first.Token}`);
    this.#kept.token = (JSON.parse(second.body) as { Token: string }).Token;
  }

  async #ask(
    path: string,
    authorization: string,
    body?: object,
  ): Promise<{ status: number; type: string; body: string }> {
    const sent = request(new URL(path, this.#endpoint), {
      method: body === undefined ? 'GET' : 'POST',
      rejectUnauthorized: false,
      headers: {
        Accept: 'application/json',
        Authorization: authorization,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const { statusCode: status = 0, headers } = response;
    if (status >= 400) this.refused.push(`${path} ${status}`);
    return { status, type: headers['content-type'] ?? '', body: await text(response) };
  }
}
