import { expect, it } from 'vitest';
import { startNode } from '../support/node.ts';

const BEARER = 'Bearer realm="belfry"';

it('a REST request without a token is refused with a body that says so, and a header that says how to send one', async () => {
  const node = await startNode();
  for (const path of [
    'events',
    'connections',
    'presence?principal=user:ada',
    'dead-letters',
    'explain',
    'cluster',
  ]) {
    const response = await fetch(`${node.url}/api/v3/${path}`);
    expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([path, 401, BEARER]);
    expect(await response.json()).toMatchObject({
      Code: 401,
      Messages: [
        expect.stringContaining('Expected "Authorization: Bearer <token>"'),
        'See /docs/reference/errors#credentials_missing',
      ],
    });
  }
});

it('a header or token that cannot be used is answered with the error of RFC 6750', async () => {
  const node = await startNode();
  const challengeTo = async (authorization: string): Promise<string | null> => {
    const response = await fetch(`${node.url}/api/v3/connections`, {
      headers: { Authorization: authorization },
    });
    return response.headers.get('www-authenticate');
  };
  expect(await challengeTo('Digest x')).toBe(`${BEARER}, error="invalid_request"`);
  expect(await challengeTo('Bearer x.y.z')).toBe(`${BEARER}, error="invalid_token"`);
  expect(await challengeTo(`bearer   ${await node.token()}`)).toBeNull();
});
