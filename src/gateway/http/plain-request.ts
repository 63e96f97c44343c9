import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { bound } from '../../model/bound.ts';

/**
 * A POST without a query but for a dialect, in printable ASCII, whose path has one form only (see request-target.ts). No line
 * can be read in two ways, so the time grows with the length.
 */
const HEAD =
  /^POST (\/[!"$&->@-~]*(?:\?dialect=[a-z]+)?) HTTP\/1\.1\r\n((?:[A-Za-z\d-]+:[\t -~]*\r\n)+)\r\n$/;
const HEAD_END = '\r\n\r\n';
const LENGTH = /^[1-9]\d{0,5}$/;
const FIRST_BYTE = 'P'.charCodeAt(0);

const HEAD_MAX = bound(
  'head of a publish that is read without the HTTP parser of Node',
  7_168,
  'bytes',
  'it takes the longer way through that parser',
);
const BODY_MAX = bound(
  'body of a publish that is read without the HTTP parser of Node',
  49_152,
  'bytes',
  'it takes the longer way through that parser',
);

/** The headers that handlers read in a plain request. */
const READ = [
  'host',
  'content-length',
  'content-type',
  'connection',
  'authorization',
  'accept',
  'origin',
  'user-agent',
  'idempotency-key',
  'belfry-lease',
  'traceparent',
  'forwarded',
  'x-forwarded-for',
] as const;
/**
 * The headers that say how the bytes are to be read, or that more headers belong to the event. A request with one of them is
 * not plain.
 */
const FRAMING = [
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'access-control-request-method',
  'ce-specversion',
  'ce-id',
  'ce-source',
  'ce-type',
] as const;

/** The headers of both lists in lower case, by the two ways in which nearly all clients write them. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [...READ, ...FRAMING].flatMap((name) => [
    [name, name],
    [name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()), name],
  ]),
);
const isFraming: ReadonlySet<string> = new Set(FRAMING);

/** A header that is not named here is not kept, so the compiler finds a handler that reads one. */
export type PlainHeaders = Partial<Pick<IncomingHttpHeaders, (typeof READ)[number]>> & {
  readonly [Name in (typeof FRAMING)[number]]?: undefined;
};

/**
 * A request that the node reads by itself, since the HTTP parser of Node and its objects cost half as much as the rest of a
 * publish. It has the members of Node's IncomingMessage that handlers of direct routes use.
 */
export class PlainRequest {
  readonly method = 'POST';
  readonly url: string;
  readonly headers: PlainHeaders;
  /** Every header stands here once, so nothing is to be found in them beyond {@link headers}. */
  readonly rawHeaders: readonly string[] = [];
  readonly socket: Socket;
  /** The length of head and body. */
  readonly length: number;
  readonly #bodyAt: number;
  #body: Buffer | undefined;

  constructor(url: string, headers: PlainHeaders, bodyAt: number, socket: Socket) {
    this.url = url;
    this.headers = headers;
    this.socket = socket;
    this.length = bodyAt + Number(headers['content-length']);
    this.#bodyAt = bodyAt;
  }

  /** Takes the body out of all bytes of the request. */
  fill(bytes: Buffer): void {
    this.#body = bytes.subarray(this.#bodyAt);
  }

  get body(): Buffer {
    if (this.#body === undefined) throw new Error('A plain request is served once it is there as a whole.');
    return this.#body;
  }
}

/**
 * Reads the bytes of a connection as a plain request: a POST of JSON with a length, with each header once, and nothing after
 * it. Its body may be missing in part. The result is `undefined` for everything else, which is no fault: Node's parser then
 * reads the bytes, at several times the cost. Whatever two servers could read in two ways is left to that parser.
 */
export function plainRequestIn(bytes: Buffer, socket: Socket): PlainRequest | undefined {
  if (bytes[0] !== FIRST_BYTE) return undefined;
  const end = bytes.indexOf(HEAD_END, 0, 'latin1') + HEAD_END.length;
  if (end < HEAD_END.length || end > HEAD_MAX) return undefined;
  const [, url, lines = ''] = HEAD.exec(bytes.toString('latin1', 0, end)) ?? [];
  const headers = url === undefined ? undefined : headersIn(lines);
  if (url === undefined || headers === undefined || !isPlain(headers)) return undefined;
  const request = new PlainRequest(url, headers, end, socket);
  return bytes.length <= request.length ? request : undefined;
}

function headersIn(lines: string): PlainHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    const written = lines.slice(at, colon);
    const name = NAMES.get(written) ?? NAMES.get(written.toLowerCase());
    at = end + 2;
    if (name === undefined) continue;
    if (isFraming.has(name) || headers[name] !== undefined) return undefined;
    headers[name] = lines.slice(colon + 1, end).trim();
  }
  return headers;
}

function isPlain(headers: PlainHeaders): boolean {
  const { host, connection = 'keep-alive', 'content-length': length = '' } = headers;
  if (host === undefined || host === '' || connection.toLowerCase() !== 'keep-alive') return false;
  return LENGTH.test(length) && Number(length) <= BODY_MAX;
}
