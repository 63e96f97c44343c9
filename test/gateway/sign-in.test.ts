import { expect, it } from 'vitest';
import { connect } from '../support/client.ts';
import { MetricsPage } from '../support/metrics.ts';
import { startNode } from '../support/node.ts';
import { cheapHash } from '../support/password.ts';

const DIALS = ['/api/v3/ws', '/native/ws', '/provisioning/ws', '/ws/metrics'];

it('a client that guesses passwords must wait, by REST and in every dialect that needs credentials, and is counted and logged', async () => {
  const users = JSON.stringify([{ name: 'ada', password: cheapHash('wonderland'), roles: ['admin'] }]);
  const node = await startNode({ BELFRY_USERS: users });
  const get = (path: string, password: string): Promise<Response> =>
    fetch(`${node.url}${path}`, { headers: { Authorization: `Basic ${btoa(`ada:${password}`)}` } });
  expect((await get('/api/v3/info', 'wonderland')).status).toBe(200);
  for (let i = 0; i < 10; i++) expect((await get('/api/v3/info', `${i}`)).status).toBe(403);
  expect((await get('/api/v3/info', 'x')).headers.get('retry-after')).toBe('1');
  for (const path of ['/api/v3/info', ...DIALS]) {
    const refused = await get(path, 'x');
    expect([path, refused.status]).toEqual([path, 429]);
  }
  for (const path of DIALS) {
    const url = `${node.url.replace('http', 'ws')}${path}?token=ada:`;
    await expect(connect(`${url}x`)).rejects.toThrow('refused with 429');
    await connect(`${url}wonderland`);
  }
  const counts = await MetricsPage.of(node.url);
  expect(counts.get('belfry_rejected_total{source="sign-in",reason="password_wrong"}')).toBe(10);
  const logged = node.log.find(({ source }) => source === 'sign-in');
  expect(logged).toMatchObject({ reason: 'password_wrong', name: 'ada' });
  expect(logged?.['address']).toMatch(/^127\.0\.0\.1:/);
  expect(JSON.stringify(node.log)).not.toContain('wonderland');
});
