import { hash } from 'node:crypto';
import { Refusal } from '../../dialects/dialect.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { asBelfryError } from '../../model/errors.ts';
import { offers } from '../http/raw-answer.ts';
import type { Compression } from './compression.ts';
import type { HandshakeHead } from './handshake-request.ts';

/** The answer to what is no WebSocket handshake. */
export const BAD_HANDSHAKE = new Refusal(
  400,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13' },
  'Bad Request',
);

/** RFC 6455, 1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/\dA-Za-z]{22}==$/;
const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
/** Drafts before RFC 6455 had the same frames under the version 8. */
const VERSIONS = ['13', '8'];

/**
 * The head of the answer that upgrades the connection. A handshake may offer more than this server has (RFC 6455, 4.2.1).
 * @param subprotocols those that the server has. It never answers with another one, which may be a token.
 * @param compression the agreed extension
 * @throws Refusal {@link BAD_HANDSHAKE} when the request is no handshake
 */
export function answerTo(
  { headers }: Pick<HandshakeHead, 'headers'>,
  subprotocols: readonly string[],
  compression: Compression,
): string {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = headers;
  if (!offers(upgrade, 'websocket') || key === undefined || !KEY.test(key)) throw BAD_HANDSHAKE;
  if (!VERSIONS.some((each) => offers(version, each))) throw BAD_HANDSHAKE;
  const offered = subprotocolsIn(headers['sec-websocket-protocol']);
  const protocol = offered && subprotocols.find((name) => offered.includes(name));
  const more =
    (protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
    (compression === undefined ? '' : `Sec-WebSocket-Extensions: ${compression}\r\n`);
  const accept = hash('sha1', key + GUID, 'base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** A list may have nothing between two commas (RFC 9110, 5.6.1.2), but no name twice. @throws Refusal */
function subprotocolsIn(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const offered = header
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  if (!offered.every((each) => TOKEN.test(each)) || new Set(offered).size < offered.length)
    throw BAD_HANDSHAKE;
  return offered;
}

/** How a connection ended that was not closed from this side, by the code that its socket tells. */
export function endingOf(code: number): string {
  return code === 1006 ? 'connection lost' : `closed by the client (${code})`;
}

/** A fault in the words of `/api/v3`, for where no dialect has its own. */
export function refusalOf(thrown: unknown): Refusal {
  const error = asBelfryError(thrown);
  const { status, headers, body } = apiRefusal(error, 'GET');
  return new Refusal(status, headers, body);
}
