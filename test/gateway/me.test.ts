import { describe, expect, it } from 'vitest';
import { startNode } from '../support/node.ts';

describe('GET /api/v3/me', () => {
  it('answers with principal, roles, grants and the end of the token', async () => {
    const node = await startNode({
      BELFRY_ROLES: JSON.stringify({ dev: { subscribe: ['deploy.*.*'], publish: [] } }),
    });
    const token = await node.token('ann', { roles: ['dev'], subscribe: ['logs.*.*'], publish: ['a.b.c'] });
    const { exp } = JSON.parse(atob(token.split('.')[1] ?? '')) as { exp: number };
    const response = await fetch(`${node.url}/api/v3/me`, { headers: { Authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      principal: 'user:ann',
      roles: ['dev'],
      subscribe: ['deploy.*.*', 'logs.*.*'],
      publish: ['a.b.c'],
      expiresAt: new Date(exp * 1_000).toISOString(),
    });
  });

  it('refuses a caller without credentials', async () => {
    const node = await startNode();
    const response = await fetch(`${node.url}/api/v3/me`);
    expect([response.status, await response.json()]).toMatchObject([
      401,
      { Messages: [expect.any(String), 'See /docs/reference/errors#credentials_missing'] },
    ]);
  });
});
