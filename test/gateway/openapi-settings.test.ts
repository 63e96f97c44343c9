import { describe, expect, it } from 'vitest';
import { startNode, type TestNode } from '../support/node.ts';

interface Described {
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Described>>>>;

async function pathsOf(node: TestNode): Promise<Paths> {
  const { paths } = (await (await fetch(`${node.url}/openapi.json`)).json()) as { paths: Paths };
  return paths;
}

const BAD_CREDENTIALS = {
  credentials_missing: { status: 401, headers: {} },
  credentials_malformed: { status: 401, headers: { Authorization: 'Basic !' } },
  token_invalid: { status: 403, headers: { Authorization: 'Bearer x' } },
};

describe('/openapi.json under other settings', () => {
  it.each(['/api/clusters', '/api/clusters/{name}'])(
    'says that %s needs a token when dorgu needs one',
    async (path) => {
      const node = await startNode({ BELFRY_ANONYMOUS: 'norn' });
      const described = (await pathsOf(node))[path]?.['get'] as Described;
      expect(described.security).toEqual([{ bearer: [] }, { basic: [] }, { token: [] }]);
      for (const [code, { status, headers }] of Object.entries(BAD_CREDENTIALS)) {
        const response = await fetch(`${node.url}${path.replace('{name}', 'prod')}`, { headers });
        expect([code, response.status]).toEqual([code, status]);
        expect(described.responses[status]?.description).toContain(`\`${code}\``);
      }
    },
  );

  it('says that the clusters accept a token when dorgu needs none', async () => {
    const node = await startNode();
    const described = (await pathsOf(node))['/api/clusters']?.['get'] as Described;
    expect(described.security).toEqual([{}, { bearer: [] }, { basic: [] }, { token: [] }]);
    expect(Object.keys(described.responses)).not.toContain('401');
    for (const { headers } of Object.values(BAD_CREDENTIALS))
      expect((await fetch(`${node.url}/api/clusters`, { headers })).status).toBe(200);
  });

  it('does not describe the paths of a dialect that is not served, and they answer 404 to every method', async () => {
    const everything = Object.keys(await pathsOf(await startNode()));
    const node = await startNode({ BELFRY_DIALECTS: 'native', BELFRY_LISTEN: '127.0.0.1:0=native' });
    const paths = Object.keys(await pathsOf(node));
    expect(everything.filter((path) => !paths.includes(path))).toEqual([
      '/api/clusters',
      '/api/clusters/{name}',
    ]);
    for (const method of ['GET', 'POST', 'OPTIONS'])
      expect([method, (await fetch(`${node.url}/api/clusters`, { method })).status]).toEqual([method, 404]);
  });

  it('does not describe /metrics for a hub listener, which does not serve it, when metrics have their own listener', async () => {
    const node = await startNode({
      BELFRY_LISTEN: '127.0.0.1:0=native,127.0.0.1:0=metrics',
      BELFRY_DIALECTS: 'native',
    });
    expect(Object.keys(await pathsOf(node))).not.toContain('/metrics');
    for (const method of ['GET', 'POST'])
      expect([method, (await fetch(`${node.url}/metrics`, { method })).status]).toEqual([method, 404]);
  });
});
