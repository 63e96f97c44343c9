import * as fc from 'fast-check';
import { request as httpRequest } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openApi } from '../../src/gateway/api-docs/openapi.ts';
import { ROUTES } from '../../src/gateway/rest/routes.ts';
import { anyRequest, type AnyRequest, type Parameter } from '../support/any-of-schema.ts';
import { keepAlive } from './connections-helpers.ts';
import { nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { runs } from '../support/runs.ts';
import { formats } from '../support/formats.ts';

interface Described {
  readonly parameters: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

const document = openApi('1.2.3', ROUTES, formats) as {
  readonly paths: Record<string, Record<string, Described>>;
};

/** The statuses of refusals for the form of a request. A request that fits the description must not get one. */
const OF_FORM = new Set([400, 406, 413, 415, 422]);

/** Routes that judge the form of the whole body, which no schema can tell from the form of another dialect or protocol. */
const JUDGES_BODY = new Set(['publish', 'addDeadLetter', 'callMcp']);

/** Of the parameters of this route one is needed, which OpenAPI cannot say: an event or a topic. */
const lacksParameters = (id: string, { target }: AnyRequest): boolean =>
  id === 'explain' && !/[?&](?:event|topic)=/.test(target);

/** This route would close the caller too. */
const CLOSES_ALL = new Set(['closeConnections']);

/** Sends the path unchanged. `fetch` would make another path of it. */
function ask(node: TestNode, method: string, token: string) {
  const agent = keepAlive();
  const { hostname, port } = new URL(node.url);
  return ({ target, headers, body }: AnyRequest): Promise<number> =>
    new Promise((resolve, reject) => {
      const more = body === undefined ? {} : { 'Content-Type': 'application/json' };
      const all = { ...headers, ...more, Authorization: `Bearer ${token}` };
      const sent = httpRequest({ hostname, port, path: target, method, headers: all, agent });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.end(body);
    });
}

async function startStage(): Promise<{ node: TestNode; token: string }> {
  const node = await startNode();
  const token = await node.token();
  const client = await nativeClient(node.url, token, ['*.*.*']);
  onTestFinished(() => client.ws.terminate());
  return { node, token };
}

describe('a request that /openapi.json describes', () => {
  const asked = ROUTES.filter(({ id }) => !CLOSES_ALL.has(id));
  it.each(asked)('for $id is answered as described, and not refused for its form', async (route) => {
    const { id, path, method } = route;
    const { node, token } = await startStage();
    const described = document.paths[path]?.[method] as Described;
    const send = ask(node, method.toUpperCase(), token);
    await fc.assert(
      fc.asyncProperty(anyRequest(path, described, document), async (request) => {
        const status = await send(request);
        expect(Object.keys(described.responses).map(Number)).toContain(status);
        expect(status).not.toBe(500);
        const mayRefuse = JUDGES_BODY.has(id) || lacksParameters(id, request);
        expect(OF_FORM.has(status) && !mayRefuse).toBe(false);
      }),
      { numRuns: runs(15) },
    );
  });

  it.each(Object.keys(document.paths))(
    'with a method that %s does not have is refused with 405',
    async (path) => {
      const { node, token } = await startStage();
      const methods = Object.keys(document.paths[path] ?? {});
      const target = path.replaceAll(/\{\w+\}/g, 'x');
      for (const method of ['get', 'post', 'put', 'patch', 'delete', 'trace', 'query']) {
        if (methods.includes(method)) continue;
        expect([method, await ask(node, method.toUpperCase(), token)({ target, headers: {} })]).toEqual([
          method,
          405,
        ]);
      }
    },
  );
});
