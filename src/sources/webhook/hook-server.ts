import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '../../clients/cli/errors.ts';
import { bound } from '../../model/bound.ts';
import type { ListenAddress } from '../options.ts';
import type { Hook, Hooks } from './hooks-config.ts';
import { Refusal } from './refusal.ts';

const HEAD_MS = bound(
  'time for the head of a delivery to a webhook source',
  10_000,
  'ms',
  'the connection is closed with 408',
);
const DELIVERY_MS = bound(
  'time for a whole delivery to a webhook source',
  30_000,
  'ms',
  'the connection is closed with 408',
);
const MAX_CONNECTIONS = bound(
  'connections to a webhook source',
  1_000,
  'entries',
  'another one is closed at once',
);
const MAX_BODIES_BYTES = bound(
  'bodies that a webhook source reads and publishes at a time',
  268_435_456,
  'bytes',
  'the delivery is refused with 503, and its sender tries again',
);
/** How often connections are looked at that are too slow. */
const LOOK_EVERY_MS = 1_000;

const JSON_TYPE = /^\s*application\/(?:[\w!#$&^.-]+\+)?json\s*(?:;|$)/i;
const PATH = /^\/hooks\/([^/?#]+)\/?(?:\?.*)?$/;

/** What became of a delivery that was accepted. */
export interface Accepted {
  /** The id of the event; unknown where another replica has published it. */
  readonly id: string | undefined;
  /** Whether it was accepted before. */
  readonly isRepeated: boolean;
}

/** A delivery as far as its head tells. */
export interface Head {
  readonly hook: Hook;
  readonly headers: IncomingMessage['headersDistinct'];
}

export interface HookServerOptions {
  readonly hooks: Hooks;
  readonly maxBytes: number;
  /** How long a delivery may take, in milliseconds. */
  readonly withinMs?: number;
  /** Checks what the head says, and returns what becomes of the body. @throws Refusal */
  readonly begin: (head: Head) => (body: Buffer) => Promise<Accepted>;
  /** Told of each answer; `hook` is absent where there is none of the name in the path. */
  readonly told: (hook: string | undefined, status: number, why: string | undefined) => void;
}

/** Takes the deliveries of webhooks. Each is checked as far as possible before its body is read. */
export class HookServer {
  readonly #options: HookServerOptions;
  readonly #server: Server;
  #bodiesBytes = 0;

  constructor(options: HookServerOptions) {
    this.#options = options;
    const { withinMs = DELIVERY_MS } = options;
    const limits = { headersTimeout: Math.min(HEAD_MS, withinMs), requestTimeout: withinMs };
    this.#server = createServer({ ...limits, connectionsCheckingInterval: LOOK_EVERY_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => void this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => void this.#answer(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @throws CommandError where nothing can listen there */
  async listen({ host, port }: ListenAddress): Promise<void> {
    this.#server.listen({ port, ...(host !== undefined && { host }) });
    try {
      await once(this.#server, 'listening');
    } catch (cause) {
      const what = `${host ?? ''}:${port} cannot be listened at: ${(cause as Error).message}.`;
      throw new CommandError('usage', what, { cause });
    }
  }

  /** Takes nothing more, and resolves once all deliveries under way are answered. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let hook: Hook | undefined;
    try {
      hook = this.#hookOf(request);
      const { id, isRepeated } = await this.#take(request, response, hook);
      this.#send(response, hook, isRepeated ? 200 : 202, { id, ...(isRepeated && { duplicate: true }) });
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      const refusal =
        error instanceof Refusal ? error : new Refusal(500, 'The source failed on this.', { cause: error });
      if (refusal.status === 405) response.setHeader('Allow', 'POST');
      if (refusal.retryAfterS !== undefined) response.setHeader('Retry-After', refusal.retryAfterS);
      // The rest of a body that is not wanted is not read.
      if (!request.complete) response.setHeader('Connection', 'close');
      const { message, cause } = refusal;
      const isMore = cause instanceof Error && !message.includes(cause.message);
      const why = isMore ? `${message} ${cause.message}` : message;
      this.#send(response, hook, refusal.status, { error: message }, why);
    }
  }

  #hookOf({ url = '', method }: IncomingMessage): Hook {
    const [, name = ''] = PATH.exec(url) ?? [];
    const hook = this.#options.hooks.get(name);
    if (hook === undefined) throw new Refusal(404, 'There is no hook at this path. Expected /hooks/<name>.');
    if (method !== 'POST') throw new Refusal(405, 'Expected POST.');
    return hook;
  }

  async #take(request: IncomingMessage, response: ServerResponse, hook: Hook): Promise<Accepted> {
    const { headers, headersDistinct } = request;
    const { maxBytes, begin } = this.#options;
    if (!JSON_TYPE.test(headers['content-type'] ?? ''))
      throw new Refusal(415, 'The body is not announced as JSON. Expected Content-Type: application/json.');
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new Refusal(
        415,
        'The body is compressed. Expected none of it, since the signature is of what was signed.',
      );
    const announced = headers['content-length'];
    if (Number(announced ?? 0) > maxBytes) throw tooBig(maxBytes);
    const finish = begin({ hook, headers: headersDistinct });
    const reserved = announced === undefined ? maxBytes : Number(announced);
    if (this.#bodiesBytes + reserved > MAX_BODIES_BYTES)
      throw new Refusal(503, 'Too many deliveries are under way.', { retryAfterS: 1 });
    this.#bodiesBytes += reserved;
    try {
      if (headers.expect !== undefined) response.writeContinue();
      return await finish(await bodyOf(request, maxBytes));
    } finally {
      this.#bodiesBytes -= reserved;
    }
  }

  #send(response: ServerResponse, hook: Hook | undefined, status: number, body: object, why?: string): void {
    this.#options.told(hook?.name, status, why);
    if (response.destroyed) return;
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
    });
    response.end(text);
  }
}

/** Rejects with a refusal when it is larger than it may be. The rest is then not read, and the connection stays for the answer. */
function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= maxBytes) return void parts.push(part);
      request.pause();
      reject(tooBig(maxBytes));
    });
    request.once('end', () => resolve(Buffer.concat(parts)));
    request.once('error', reject);
  });
}

function tooBig(maxBytes: number): Refusal {
  return new Refusal(413, `The body is larger than it may be. Expected ${maxBytes} bytes at most.`);
}
