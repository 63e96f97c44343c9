import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../dialects/dialect.ts';
import { bound } from '../../model/bound.ts';
import { METHOD_NOT_ALLOWED, offers, refuse } from './raw-answer.ts';
import type { HttpConnections } from './http-connections.ts';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';

export const HEAD_MS = bound(
  'time for the head of a request',
  30_000,
  'ms',
  'the connection is closed, with 408',
);
const REQUEST_MS = bound(
  'time for a request with its body',
  300_000,
  'ms',
  'it is refused with 408, and the connection closed',
);
const SILENT_MS = bound(
  'silence of an HTTP connection within a request or its answer',
  60_000,
  'ms',
  'the connection is closed',
);
const TLS_HANDSHAKE_MS = bound('time for the handshake of TLS', 10_000, 'ms', 'the connection is closed');
const HEAD_BYTES = bound('head of a request', 16_384, 'bytes', 'it is refused with 431');
export const LOOK_EVERY_MS = 5_000;

export interface HttpServerOptions {
  readonly keepAliveMs: number;
  /** Absent for a listener without TLS. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly rest: { readonly rejected: RejectedInput };
  /**
   * The time for the head of a request, from its first byte. On a connection without any request yet, the time starts
   * with the connection.
   */
  readonly headMs?: number;
  /** How often the server looks for connections that have exceeded their time. */
  readonly lookEveryMs?: number;
}

/** An HTTP server that still needs its listeners for requests and upgrades. */
export function httpServer(
  { keepAliveMs, tls, rest, headMs = HEAD_MS, lookEveryMs = LOOK_EVERY_MS }: HttpServerOptions,
  watching: HttpConnections,
): Server {
  const options: ServerOptions = {
    shouldUpgradeCallback,
    keepAliveTimeout: keepAliveMs,
    // This is shorter than the time for which an idle connection is kept, but does not shorten it, since it starts
    // with the next request.
    headersTimeout: headMs,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: lookEveryMs,
    maxHeaderSize: HEAD_BYTES,
  };
  const server = tls
    ? createTlsServer({ ...tls, ...options, handshakeTimeout: TLS_HANDSHAKE_MS })
    : createServer(options);
  watching.watch(server, tls !== undefined);
  // `server.timeout` would make a timer for each TLS handshake as well, and the socket would hold that timer.
  server.prependListener('request', ({ socket }) => socket.setTimeout(SILENT_MS));
  // The route answers `100 Continue` itself, once it knows that it will read the body.
  server.on('checkContinue', (request, response) => void server.emit('request', request, response));
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuse(socket, METHOD_NOT_ALLOWED));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const hasLeft = LEFT.has(error.code);
    if (!hasLeft) rest.rejected.report('http', 'request_invalid');
    const answer = watching.answerOn(socket as Socket);
    // A client that has sent nothing waits for no answer, and a client that is being answered waits for no other
    // answer.
    const isAwaited = socket.writable && answer?.headersSent !== true && (socket as Socket).bytesRead > 0;
    if (isAwaited && !hasLeft) refuse(socket, refusalOf(error));
    else socket.destroy();
  });
  return server;
}

/** Errors which mean that the client has gone, perhaps in the middle of a request. */
const LEFT: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']);

/** The errors of the HTTP parser whose status is not 400. */
const STATUSES: ReadonlyMap<string | undefined, readonly [status: number, why: string]> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    [431, `The head of the request is too large. Expected at most ${HEAD_BYTES} bytes.`],
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    [413, 'The chunks of the body have too large extensions. Expected chunks without extensions.'],
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    [408, 'The request did not come in time. Expected the whole request at once.'],
  ],
]);

function refusalOf({ code }: NodeJS.ErrnoException): Refusal {
  const otherwise = [400, 'This cannot be read as a request. Expected HTTP/1.1.'] as const;
  const [status, why] = STATUSES.get(code) ?? otherwise;
  return new Refusal(status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${why}\n`);
}

/**
 * Other upgrades, such as the one to HTTP/2 that some clients offer, are ignored: the request is served without an
 * upgrade.
 */
function shouldUpgradeCallback({ headers }: IncomingMessage): boolean {
  return offers(headers.upgrade, 'websocket');
}
