/** Requests to publish, good and bad, for tests of the ways on which they are served. */
import { gzipSync } from 'node:zlib';
import type { TestNode } from './node.ts';
import type { RawAnswer } from './raw-http.ts';

export const EVENT = JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: { n: 1 } });
const JSON_TYPE = 'Content-Type: application/json';
/** Settings with which only pages of one origin may ask. */
export const PAGES = { BELFRY_ALLOWED_ORIGINS: 'https://page.example' };

/** A request without its first line, which names the path. `TOKEN` stands for the token of an admin, `POOR` for one without grants. */
export interface Sent {
  readonly head: readonly string[];
  readonly body?: string;
  readonly query?: string;
}

export const withToken = (...head: readonly string[]): readonly string[] => [
  'Host: a',
  'Authorization: Bearer TOKEN',
  ...head,
];
/** A request with this body, of which the length is stated. */
export const event = (head: readonly string[], body = EVENT): Sent => ({
  head: [...head, JSON_TYPE, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`],
  body,
});

export const PUBLISHES: Readonly<Record<string, Sent>> = {
  'an event': event(withToken()),
  'a list': event(withToken(), `[${EVENT},${EVENT}]`),
  'a list that is longer than what Node buffers': event(withToken(), `[${Array(1_500).fill(EVENT).join()}]`),
  'an empty list': event(withToken(), '[]'),
  'an event with a key and a trace': event(
    withToken('Idempotency-Key: k', 'traceparent: 00-11111111111111111111111111111111-2222222222222222-01'),
  ),
  'an event with an unusable key': event(withToken(`Idempotency-Key: ${'x'.repeat(500)}`)),
  'an event in a compressed body': event(
    withToken('Content-Encoding: gzip'),
    gzipSync(EVENT).toString('latin1'),
  ),
  'a body that is said to be compressed and is not': event(withToken('Content-Encoding: gzip')),
  'a body in an unknown encoding': event(withToken('Content-Encoding: lzma')),
  'a body without a length': {
    head: withToken(JSON_TYPE, 'Transfer-Encoding: chunked'),
    body: `${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`,
  },
  'no body': { head: withToken(JSON_TYPE, 'Content-Length: 0') },
  'no JSON': event(withToken(), '{'),
  'another type than JSON': { head: withToken('Content-Type: text/plain', 'Content-Length: 1'), body: 'x' },
  'a body that is announced as far too long': { head: withToken(JSON_TYPE, 'Content-Length: 99999999999') },
  'a reserved type': event(withToken(), EVENT.replace('jobs', 'connections')),
  'no event': event(withToken(), '{"a":1}'),
  'an unknown dialect': { ...event(withToken()), query: '?dialect=morse' },
  'an event of a dialect': { ...event(withToken()), query: '?dialect=native' },
  'a dry run': {
    ...event(withToken(), EVENT.replace('{', '{"time":"2026-01-01T00:00:00Z",')),
    query: '?dry=true',
  },
  'a token in the query': { ...event(['Host: a']), query: '?token=TOKEN' },
  'no credentials': event(['Host: a']),
  'credentials that cannot be read': event(['Host: a', 'Authorization: Digest x']),
  'a token that is not good': event(['Host: a', 'Authorization: Bearer x.y.z']),
  'a wrong password': event(['Host: a', `Authorization: Basic ${btoa('nobody:wrong')}`]),
  'a token without a grant to publish': event(['Host: a', 'Authorization: Bearer POOR']),
  'an empty Accept header': event(withToken('Accept:')),
  'an Accept header without JSON': event(withToken('Accept: text/html')),
  'an Accept header with JSON': event(withToken('Accept: text/html, application/*;q=0.5')),
  'two Host headers': event(withToken('Host: b')),
  'the Origin of a page that is allowed': event(withToken('Origin: https://page.example')),
  'the Origin of another page': event(withToken('Origin: https://other.example')),
  'a body that waits for 100 Continue': event(withToken('Expect: 100-continue')),
};

/** Puts real tokens of a node into a request. */
export async function tokensOf(node: TestNode): Promise<(text: string) => string> {
  const tokens = { TOKEN: await node.token(), POOR: await node.token('poor', { roles: [] }) };
  return (text) => text.replace('TOKEN', tokens.TOKEN).replace('POOR', tokens.POOR);
}

/** An answer without what differs from one answer to the next. */
export function comparable({ status, headers, body }: RawAnswer): unknown {
  const { date, 'belfry-event-ids': ids, ...rest } = headers;
  return { status, isDated: date !== undefined, ids: ids?.split(',').length, headers: rest, body };
}
