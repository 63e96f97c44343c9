import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { identityOf } from '../../src/gateway/auth/request-identity.ts';
import { checked, digits, query } from '../../src/gateway/rest/query.ts';
import { json, named, route, type Route } from '../../src/gateway/rest/route.ts';
import { API_ROUTES, ROUTES, type ApiDeps } from '../../src/gateway/rest/routes.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { startNode, type TestNode } from '../support/node.ts';

/** A route with all parts that a route can have. It uses the node, the path and the query. */
const BELLS = route({
  id: 'ring',
  method: 'post',
  path: '/api/v3/bells/{name}/ring',
  summary: 'Rings a bell',
  query: query({
    times: checked(
      digits(/^\d+$/, z.int().min(1).max(12)).describe('How often'),
      (name, text) =>
        new BelfryError('parameter_invalid', `The ${name} "${text}" is not usable. Expected 1 to 12.`),
    ),
  }),
  answers: {
    200: json(
      'It rang',
      named(
        'Ringing',
        z.strictObject({ bell: z.string(), times: z.int(), node: z.string(), by: z.string() }),
      ),
    ),
  },
  errors: ['parameter_invalid'],
  handler: ({ node }: { readonly node: string }, { response, params, query: { times = 1 } }) => {
    response.json({ bell: params.name, times, node, by: identityOf(response).principal });
  },
});

/** A node with one more route in its list, added as a file of routes would add it. */
async function startWithBells(): Promise<{
  node: TestNode;
  ask: (path: string, method?: string, token?: string) => Promise<Response>;
}> {
  for (const list of [API_ROUTES, ROUTES] as Route<ApiDeps>[][]) {
    list.unshift(BELLS);
    onTestFinished(() => void list.shift());
  }
  const node = await startNode({ BELFRY_NODE: 'tower' });
  const admin = await node.token();
  const ask = (path: string, method = 'POST', token = admin): Promise<Response> =>
    fetch(`${node.url}/api/v3/bells${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
  return { node, ask };
}

describe('a route that is added to the list of routes', () => {
  it('is served to a caller with credentials, with the parameters of its path and its query', async () => {
    const { ask } = await startWithBells();
    const rung = await ask('/great%20paul/ring?times=12');
    expect([rung.status, await rung.json()]).toEqual([
      200,
      { bell: 'great paul', times: 12, node: 'tower', by: 'user:admin' },
    ]);
    expect((await ask('/paul/ring', 'POST', 'x')).status).toBe(403);
  });

  it('is described in /openapi.json with its parameters, its answers and its errors', async () => {
    const { node } = await startWithBells();
    const document = (await (await fetch(`${node.url}/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, unknown>>;
      readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
    };
    expect(document.paths['/api/v3/bells/{name}/ring']).toMatchObject({
      post: {
        operationId: 'ring',
        summary: 'Rings a bell',
        security: [{ bearer: [] }, { basic: [] }, { token: [] }],
        parameters: [
          { in: 'path', name: 'name', required: true, schema: { type: 'string', minLength: 1 } },
          {
            in: 'query',
            name: 'times',
            description: 'How often',
            schema: { type: 'integer', minimum: 1, maximum: 12 },
          },
        ],
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ringing' } } } },
          400: { description: expect.stringContaining('`parameter_invalid`') as string },
          401: { description: expect.stringContaining('`credentials_missing`') as string },
        },
      },
    });
    expect(document.components.schemas['Ringing']).toMatchObject({
      type: 'object',
      required: ['bell', 'times', 'node', 'by'],
    });
  });

  it('is refused with 405 for a method that it does not have, and OPTIONS names the one that it has', async () => {
    const { ask } = await startWithBells();
    for (const method of ['GET', 'DELETE']) {
      const refused = await ask('/paul/ring', method);
      expect([method, refused.status, refused.headers.get('allow')]).toEqual([method, 405, 'POST, OPTIONS']);
    }
    const options = await ask('/paul/ring', 'OPTIONS');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  it.each(['0', '13', '1.5', 'x', '', '-1', '1e1', ' 1'])(
    'refuses the query times="%s", which its description does not permit',
    async (times) => {
      const { ask } = await startWithBells();
      const refused = await ask(`/paul/ring?times=${encodeURIComponent(times)}`);
      expect([refused.status, await refused.json()]).toEqual([
        400,
        expect.objectContaining({
          Messages: [
            `The times "${times}" is not usable. Expected 1 to 12.`,
            expect.stringContaining('#parameter_invalid'),
          ],
        }),
      ]);
    },
  );

  it('runs without the parameters that the query does not have', async () => {
    const { ask } = await startWithBells();
    expect(await (await ask('/paul/ring?other=1')).json()).toMatchObject({ times: 1 });
  });
});
