import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../dialects/dialect.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { asBelfryError } from '../../model/errors.ts';
import { offers } from '../http/raw-answer.ts';

/** The answer to what is no WebSocket handshake. */
export const BAD_HANDSHAKE = new Refusal(
  400,
  { 'Content-Type': 'text/plain; charset=utf-8', 'Sec-Websocket-Version': '13' },
  'Bad Request',
);

/**
 * Takes a handshake that offers more than this server has (RFC 6455, 4.2.1), of which ws only reads the plain form, and
 * subprotocols with nothing between two commas, which a list may have (RFC 9110, 5.6.1.2).
 */
export function choose({ headers }: IncomingMessage): void {
  const { 'sec-websocket-protocol': subprotocols } = headers;
  const offered = subprotocols
    ?.split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  if (offered?.length === 0) delete headers['sec-websocket-protocol'];
  else if (offered !== undefined) headers['sec-websocket-protocol'] = offered.join();
  if (offers(headers.upgrade, 'websocket')) headers.upgrade = 'websocket';
  if (offers(headers['sec-websocket-version'], '13')) headers['sec-websocket-version'] = '13';
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
