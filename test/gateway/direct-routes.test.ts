import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { servingDirectly } from '../../src/gateway/rest/direct-routes.ts';
import { PUBLISH_ROUTES, type PublishDeps } from '../../src/gateway/rest/publish-routes.ts';
import { startNode } from '../support/node.ts';
import { rawConnection, rawRequest, type RawAnswer } from '../support/raw-http.ts';

const EVENT = JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: { n: 1 } });
const JSON_TYPE = 'Content-Type: application/json';
const PAGES = { BELFRY_ALLOWED_ORIGINS: 'https://page.example' };

/** A request without its first line, which names the path. `TOKEN` stands for the token of an admin, `POOR` for one without grants. */
interface Sent {
  readonly head: readonly string[];
  readonly body?: string;
  readonly query?: string;
}

const withToken = (...head: readonly string[]): readonly string[] => [
  'Host: a',
  'Authorization: Bearer TOKEN',
  ...head,
];
const event = (head: readonly string[], body = EVENT): Sent => ({
  head: [...head, JSON_TYPE, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`],
  body,
});

const REQUESTS: Readonly<Record<string, Sent>> = {
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

/** The answer without what differs from one answer to the next. */
function comparable({ status, headers, body }: RawAnswer): unknown {
  const { date, 'belfry-event-ids': ids, ...rest } = headers;
  return { status, isDated: date !== undefined, ids: ids?.split(',').length, headers: rest, body };
}

describe.each([
  ['for pages of all origins', {}],
  ['for pages of one origin', PAGES],
])('a route without express, %s', (_pages, settings) => {
  it.each(Object.entries(REQUESTS))(
    'answers %s as express does',
    async (_what, { head, body, query = '' }) => {
      const node = await startNode(settings);
      const tokens = { TOKEN: await node.token(), POOR: await node.token('poor', { roles: [] }) };
      const filled = (text: string): string =>
        text.replace('TOKEN', tokens.TOKEN).replace('POOR', tokens.POOR);
      const ask = (path: string): Promise<RawAnswer> =>
        rawRequest(node.url, [`POST ${path}${filled(query)} HTTP/1.1`, ...head.map(filled)], body);
      // With a slash at its end the path is not the one of the route, but express serves it by the route all the same.
      const [direct, byExpress] = [await ask('/api/v3/events'), await ask('/api/v3/events/')];
      expect(comparable(direct)).toEqual(comparable(byExpress));
    },
  );
});

it('an answer to a publish has its headers in one fixed order', async () => {
  const node = await startNode();
  const connection = await rawConnection(node.url);
  const { head, body = '' } = event(withToken());
  const lines = ['POST /api/v3/events HTTP/1.1', ...head];
  const token = await node.token();
  const { headers } = await connection.ask(
    lines.map((line) => line.replace('TOKEN', token)),
    body,
  );
  expect(Object.keys(headers)).toEqual([
    'cache-control',
    'x-content-type-options',
    'referrer-policy',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'content-type',
    'belfry-event-ids',
    'date',
    'connection',
    'keep-alive',
  ]);
});

it('a route without express answers only its own method and path', () => {
  const asked: string[] = [];
  const serve = servingDirectly(PUBLISH_ROUTES, { eventMaxBytes: 1 } as PublishDeps, {
    before: [({ url }) => void asked.push(`direct ${url}`), () => 'answered'],
    refuse: () => undefined,
    otherwise: ({ method, url }) => void asked.push(`express ${method} ${url}`),
  });
  for (const [method, url] of [
    ['POST', '/api/v3/events'],
    ['POST', '/api/v3/events?dialect=drp'],
    ['POST', '/api/v3/events/'],
    ['GET', '/api/v3/events'],
    ['OPTIONS', '/api/v3/events'],
  ])
    serve({ method, url } as Parameters<typeof serve>[0], {} as Parameters<typeof serve>[1]);
  expect(asked).toEqual([
    'direct /api/v3/events',
    'direct /api/v3/events?dialect=drp',
    'express POST /api/v3/events/',
    'express GET /api/v3/events',
    'express OPTIONS /api/v3/events',
  ]);
});
