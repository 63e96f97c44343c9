import { describe, expect, it } from 'vitest';
import { directRoutes } from '../../src/gateway/rest/direct-routes.ts';
import { PUBLISH_ROUTES, type PublishDeps } from '../../src/gateway/rest/publish-routes.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { comparable, event, PAGES, PUBLISHES, tokensOf, withToken, type Sent } from '../support/publishes.ts';
import { rawConnection, type RawConnection } from '../support/raw-http.ts';

const HEALTH = ['GET /healthz HTTP/1.1', 'Host: a'];

/** Each way on which a publish is served, by what a test does for it. Each is played on a node of its own. */
const WAYS: Readonly<Record<string, (node: TestNode) => Promise<{ path: string; on: RawConnection }>>> = {
  'from its bytes': async ({ url }) => ({ path: '/api/v3/events', on: await rawConnection(url) }),
  // What is not plain goes to the HTTP server, and its connection with it.
  'through the parser of Node': async ({ url }) => {
    const on = await rawConnection(url);
    await on.ask(HEALTH);
    return { path: '/api/v3/events', on };
  },
  // With a slash at its end the path is not the one of the route, but express serves it by the route all the same.
  'through express': async ({ url }) => ({ path: '/api/v3/events/', on: await rawConnection(url) }),
};

async function answersOn(way: keyof typeof WAYS, settings: Record<string, string>): Promise<object> {
  const node = await startNode(settings);
  const filled = await tokensOf(node);
  const ask = async ({ head, body, query = '' }: Sent): Promise<unknown> => {
    const { path, on } = (await WAYS[way]?.(node)) ?? { path: '', on: await rawConnection(node.url) };
    return comparable(await on.ask([`POST ${path}${filled(query)} HTTP/1.1`, ...head.map(filled)], body));
  };
  const answers: [string, unknown][] = [];
  for (const [what, sent] of Object.entries(PUBLISHES)) answers.push([what, await ask(sent)]);
  return Object.fromEntries(answers);
}

describe.each([
  ['for pages of all origins', {}],
  ['for pages of one origin', PAGES],
])('every kind of request to publish, %s', (_pages, settings) => {
  it.each(['from its bytes', 'through the parser of Node'])(
    'is answered %s as through express',
    async (way) => {
      expect(await answersOn(way, settings)).toEqual(await answersOn('through express', settings));
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

it('a route without express is found only by its own method and path', () => {
  const find = directRoutes(PUBLISH_ROUTES, { eventMaxBytes: 1 } as PublishDeps, {
    before: [],
    refuse: () => undefined,
  });
  const found = [
    ['POST', '/api/v3/events'],
    ['POST', '/api/v3/events?dialect=drp'],
    ['POST', '/api/v3/events/'],
    ['GET', '/api/v3/events'],
    ['OPTIONS', '/api/v3/events'],
  ].map(([method, url]) => find({ method, url }) !== undefined);
  expect(found).toEqual([true, true, false, false, false]);
});
