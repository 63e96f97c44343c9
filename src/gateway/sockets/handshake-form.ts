import type { IncomingHttpHeaders } from 'node:http';
import { offers } from '../http/raw-answer.ts';
import type { HandshakeHead } from './handshake-request.ts';

/**
 * A head without anything after it, in printable ASCII, whose target has one form only (see request-target.ts). No line can be
 * read in two ways, so the time grows with the length.
 */
const HEAD = /^GET (\/[!"$&->@-~]*(?:\?[!"$-~]*)?) HTTP\/1\.1\r\n((?:[\w-]+:[\t -~]*\r\n)+)\r\n$/;
const FIRST_BYTE = 'G'.charCodeAt(0);
/** Longer heads are left to Node, which refuses those that are too long. */
const LONG = 8_192;

/** The headers that the upgrade reads. */
const READ: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'upgrade',
  'origin',
  'authorization',
  'cookie',
  'user-agent',
  'forwarded',
  'x-forwarded-for',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]);
/** A request with one of these may have a body, or waits for an answer before it goes on. */
const BODY: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'expect', 'trailer']);
const NONE: readonly string[] = [];

/**
 * Reads the first bytes of a connection as the handshake that nearly every client sends: one GET that came as a whole, with
 * each header once. The result is `undefined` for everything else, which is no fault: Node's parser then reads the bytes, at
 * several times the cost.
 */
export function handshakeIn(bytes: Buffer): HandshakeHead | undefined {
  if (bytes.length > LONG || bytes[0] !== FIRST_BYTE) return undefined;
  const [, url, lines = ''] = HEAD.exec(bytes.toString('latin1')) ?? [];
  if (url === undefined) return undefined;
  const headers: IncomingHttpHeaders = {};
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    const name = lines.slice(at, colon).toLowerCase();
    if (BODY.has(name)) return undefined;
    if (READ.has(name)) {
      if (headers[name] !== undefined) return undefined;
      headers[name] = lines.slice(colon + 1, end).trim();
    }
    at = end + 2;
  }
  const { host, connection, upgrade } = headers;
  if (host === undefined || !offers(connection, 'upgrade') || !offers(upgrade, 'websocket')) return undefined;
  return { method: 'GET', url, headers, rawHeaders: NONE };
}
