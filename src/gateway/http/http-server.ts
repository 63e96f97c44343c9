import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../dialects/dialect.ts';
import { bound } from '../../model/bound.ts';
import { METHOD_NOT_ALLOWED, offers, refuse } from './raw-answer.ts';
import type { HttpConnections } from './http-connections.ts';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';

const HEAD_MS = bound('time for the head of a request', 30_000, 'ms', 'the connection is closed, with 408');
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
const LOOK_EVERY_MS = 5_000;

export interface HttpServerOptions {
  readonly keepAliveMs: number;
  /** Absent for a listener without TLS. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly rest: { readonly rejected: RejectedInput };
  /**
   * Time for the head of a request, counted from its first byte, or on a connection that has asked nothing from its
   * begin.
   */
  readonly headMs?: number;
  /** How often the server looks for those that are over their time. */
  readonly lookEveryMs?: number;
}

/** A server of HTTP that has yet to be given its listeners for requests and upgrades. */
export function httpServer(
  { keepAliveMs, tls, rest, headMs = HEAD_MS, lookEveryMs = LOOK_EVERY_MS }: HttpServerOptions,
  watching: HttpConnections,
): Server {
  const options: ServerOptions = {
    shouldUpgradeCallback,
    keepAliveTimeout: keepAliveMs,
    // Less than the time that a connection is kept, and does not cut that short: it begins with the next request.
    headersTimeout: headMs,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: lookEveryMs,
    maxHeaderSize: HEAD_BYTES,
  };
  const server = tls
    ? createTlsServer({ ...tls, ...options, handshakeTimeout: TLS_HANDSHAKE_MS })
    : createServer(options);
  watching.watch(server, tls !== undefined);
  // Not by `server.timeout`, which makes a timer for each handshake as well, and its socket would keep that.
  server.prependListener('request', ({ socket }) => socket.setTimeout(SILENT_MS));
  // The route says go on, once it is known that it will read the body.
  server.on('checkContinue', (request, response) => void server.emit('request', request, response));
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuse(socket, METHOD_NOT_ALLOWED));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const hasLeft = LEFT.has(error.code);
    if (!hasLeft) rest.rejected.report('http', 'request_invalid');
    const answer = watching.answerOn(socket as Socket);
    // A client that has sent nothing waits for no answer, and one that is being answered waits for no other.
    const isAwaited = socket.writable && answer?.headersSent !== true && (socket as Socket).bytesRead > 0;
    if (isAwaited && !hasLeft) refuse(socket, refusalOf(error));
    else socket.destroy();
  });
  return server;
}

/** The client is gone, maybe in the middle of a request. */
const LEFT: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']);

/** What the parser of HTTP says that is not 400. */
const STATUSES: ReadonlyMap<string | undefined, readonly [status: number, why: string]> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    [431, `The head of the request is too large. Expected at most ${HEAD_BYTES} bytes.`],
  ],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    [413, 'The chunks of the body have too large extensions. Expected none.'],
  ],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'The request did not come in time. Expected it whole, at once.']],
]);

function refusalOf({ code }: NodeJS.ErrnoException): Refusal {
  const otherwise = [400, 'This cannot be read as a request. Expected HTTP/1.1.'] as const;
  const [status, why] = STATUSES.get(code) ?? otherwise;
  return new Refusal(status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${why}\n`);
}

/** Other upgrades, such as the one to HTTP/2 that some clients offer, are passed over: the request is served as it is. */
function shouldUpgradeCallback({ headers }: IncomingMessage): boolean {
  return offers(headers.upgrade, 'websocket');
}
