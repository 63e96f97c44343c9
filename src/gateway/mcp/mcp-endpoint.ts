import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import type { Request as HttpRequest, Response as HttpResponse } from 'express';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';
import { readJson } from '../../model/json.ts';
import { identityOf } from '../auth/request-identity.ts';
import { addressOf } from '../http/client-address.ts';
import { accepted } from '../http/accepted.ts';
import { jsonBody } from '../http/json-body.ts';
import { targetOf, userAgentOf } from '../http/request-target.ts';
import type { Caller, McpServerOptions } from './mcp-server.ts';

const BATCH_MAX = bound(
  'messages of one request to /mcp',
  16,
  'entries',
  'the request is refused with request_invalid',
);

export type McpEndpointOptions = McpServerOptions & {
  readonly eventMaxBytes: number;
  readonly trustedHops: number;
};

/** What the library reads of a request. The credentials are none of it. */
const PASSED_ON = ['content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name'] as const;

const ANSWERS = ['application/json', 'text/event-stream'] as const;

/** The Model Context Protocol over HTTP, as a node serves it. */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #readBody: ReturnType<typeof jsonBody>;
  readonly #callers = new WeakMap<Request, Caller>();
  /** The library is loaded for the first agent, since most nodes never meet one. */
  #handler: Promise<McpHttpHandler> | undefined;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    this.#readBody = jsonBody(options.eventMaxBytes);
  }

  /** @throws BelfryError before anything is answered */
  async answer(request: HttpRequest, response: HttpResponse): Promise<void> {
    checkAccept(request);
    const message = readJson((await this.#readBody(request, response)).toString()).value;
    if (Array.isArray(message) && message.length > BATCH_MAX)
      throw new BelfryError(
        'request_invalid',
        `The request holds ${message.length} messages. Expected at most ${BATCH_MAX}.`,
      );
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const asked = new Request(`http://belfry${request.originalUrl}`, {
      method: 'POST',
      headers: headersFor(request),
      signal: gone.signal,
    });
    this.#callers.set(asked, this.#callerOf(request, response, gone.signal));
    const { fetch } = await (this.#handler ??= this.#load());
    await send(await fetch(asked, { parsedBody: message }), response);
  }

  async #load(): Promise<McpHttpHandler> {
    const { mcpHandler } = await import('./mcp-server.ts');
    return mcpHandler(this.#options, (request) => this.#callers.get(request) as Caller);
  }

  #callerOf(request: HttpRequest, response: HttpResponse, signal: AbortSignal): Caller {
    return {
      identity: identityOf(response),
      remoteAddr: addressOf(request, this.#options.trustedHops),
      userAgent: userAgentOf(request),
      mayPublish: targetOf({ url: request.originalUrl }).parameter('publish') === 'true',
      signal,
    };
  }
}

function headersFor({ headers }: HttpRequest): [string, string][] {
  const named = PASSED_ON.flatMap((name) => {
    const { [name]: value } = headers;
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return [['accept', ANSWERS.join()], ...named];
}

/** @throws BelfryError `not_acceptable` */
function checkAccept(request: HttpRequest): void {
  const { accept } = request.headers;
  if (accept === undefined || ANSWERS.every((type) => accepted(request, type) === type)) return;
  throw new BelfryError(
    'not_acceptable',
    `The Accept header permits not every answer. Expected ${ANSWERS.join(' and ')} in it.`,
  );
}

async function send(answer: Response, response: HttpResponse): Promise<void> {
  response.status(answer.status).set(Object.fromEntries(answer.headers));
  // For whatever compresses or collects on the way: each message goes on at once.
  response.set({ 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  if (answer.body === null) return void response.end();
  response.flushHeaders();
  // A client that is gone needs no answer.
  await pipeline(Readable.fromWeb(answer.body as never), response).catch(() => undefined);
}
