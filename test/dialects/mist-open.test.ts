import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { dialectAt, ownPath } from '../../src/dialects/paths.ts';
import { mist, MIST_PATHS } from '../../src/dialects/mist.ts';
import { anyText, DEPLOYING, matches, json, open, refused, RUNNING } from './mist-helpers.ts';

const ACTIONS = ['status', 'log', 'stats', 'end', 'error', 'sample', 'connected'];

describe('a stream of Mist', () => {
  it.each([
    [
      '/ws/container/logs?appId=7',
      'container',
      '7',
      ['status', 'log', 'end', 'error'],
      ['status 1', 'log 100'],
    ],
    [
      '/api/ws/container/logs?appId=7',
      'container',
      '7',
      ['status', 'log', 'end', 'error'],
      ['status 1', 'log 100'],
    ],
    [
      '/api/ws/container/stats?appId=7',
      'container',
      '7',
      ['status', 'stats', 'end', 'error'],
      ['status 1', 'stats 1'],
    ],
    [
      '/ws/deployment/logs?deploymentId=42',
      'deployment',
      '42',
      ['status', 'log', 'error'],
      ['status 1', 'log 1000000'],
    ],
    [
      '/api/deployments/logs/stream?id=42',
      'deployment',
      '42',
      ['status', 'log', 'error'],
      ['status 1', 'log 1000000'],
    ],
    ['/ws/metrics', 'metrics', 'system', ['sample'], ['sample 1']],
    ['/ws/metrics?host=web-1.example.com', 'metrics', 'web-1.example.com', ['sample'], ['sample 1']],
    ['/api/ws/stats', 'metrics', 'system', ['sample'], ['sample 1']],
    ['/api/ws/system/logs', 'system', 'mist', ['log', 'end', 'error'], ['log 100']],
  ])(
    'at %s sends %s events of %s, the kept ones before new ones',
    async (url, type, key, actions, before) => {
      const session = await open(url, { kept: [RUNNING, DEPLOYING] });
      expect(matches(session, type, key, ACTIONS)).toEqual(actions);
      expect(matches(session, type, `${key}1`, ACTIONS)).toEqual([]);
      expect(session.replay).toEqual({
        retained: before.map((query) => {
          const [action, count] = query.split(' ');
          return { type, action, key, count: Number(count) };
        }),
      });
      expect(session.closeAfterMs).toBeUndefined();
    },
  );

  it('is pinged every 25 s, and cut after two pings without an answer', async () => {
    expect((await open('/ws/metrics')).heartbeat).toEqual({ pingMs: 25_000, pongWaitMs: 75_000 });
  });

  it('shares its encoding with all others of its path', async () => {
    const [one, other] = await Promise.all([open('/ws/metrics'), open('/ws/metrics?host=x')]);
    expect(one.encoding).toBe(other.encoding);
    expect((await open('/api/ws/stats')).encoding).not.toBe(one.encoding);
  });

  it('greets first when it is that of the system', async () => {
    const { first = [], encoding } = await open('/api/ws/system/logs');
    expect(first.map((event) => encoding?.encode(event))).toEqual([
      '{"type":"connected","timestamp":"2025-01-15T10:30:00Z","data":{"message":"Connected to system logs"}}',
    ]);
  });

  it('is served under its path, with and without the prefix, on every listener', () => {
    for (const path of MIST_PATHS) {
      for (const asked of [path, `/mist${path}`]) {
        expect(dialectAt(asked, 'metrics', DIALECTS)).toBe(mist);
        expect(ownPath(asked, mist)).toBe(path);
      }
    }
    expect(dialectAt('/norn/ws/metrics', 'metrics', DIALECTS)).toBeUndefined();
  });

  it.each(['/ws', '/ws/metrics/', '/ws/containers/logs', '/'])(
    'is refused at %s with an answer that lists the paths',
    async (path) => {
      const { status, body } = await refused(path);
      expect(status).toBe(404);
      expect(JSON.parse(body)).toEqual(json('Not found', `Expected one of ${MIST_PATHS.join(', ')}.`));
    },
  );
});

describe('an id of Mist', () => {
  it.each([
    ['/ws/container/logs', 'appId is required\n'],
    ['/api/ws/container/logs?appId=', 'appId is required\n'],
    ['/api/ws/container/stats?id=7', 'appId is required\n'],
    ['/ws/container/logs?appId=seven', 'Invalid appId\n'],
    ['/api/ws/container/logs?appId=7.0', 'Invalid appId\n'],
    ['/api/ws/container/logs?appId=0x7', 'Invalid appId\n'],
    ['/api/ws/container/logs?appId=7%20', 'Invalid appId\n'],
    ['/api/ws/container/logs?appId=9223372036854775808', 'Invalid appId\n'],
    [`/api/ws/container/logs?appId=${'9'.repeat(10_000)}`, 'Invalid appId\n'],
    ['/api/ws/container/stats?appId=seven', 'invalid appID\n'],
  ])('is refused with 400 in plain text when it names no container: %s', async (url, body) => {
    expect(await refused(url, { kept: [RUNNING] })).toMatchObject({
      status: 400,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body,
    });
  });

  it.each([
    '/ws/deployment/logs',
    '/ws/deployment/logs?id=42',
    '/ws/deployment/logs?deploymentId=',
    '/ws/deployment/logs?deploymentId=4-2',
    '/api/deployments/logs/stream',
    '/api/deployments/logs/stream?deploymentId=42',
    '/api/deployments/logs/stream?id=-9223372036854775809',
  ])('is refused with 400 in JSON when it names no deployment: %s', async (url) => {
    const { status, headers, body } = await refused(url, { kept: [DEPLOYING] });
    expect([status, headers]).toEqual([400, { 'Content-Type': 'application/json' }]);
    expect(JSON.parse(body)).toEqual(json('invalid deployment id', anyText));
  });

  it.each(['7', '007', '%2B7'])('may be written as %s', async (id) => {
    const session = await open(`/ws/container/logs?appId=${id}`, { kept: [RUNNING] });
    expect(matches(session, 'container', '7', ['log'])).toEqual(['log']);
  });

  it('may be as large as the largest number of 64 bits', async () => {
    const key = '9223372036854775807';
    const session = await open(`/ws/container/logs?appId=${key}`, { kept: [{ ...RUNNING, key }] });
    expect(matches(session, 'container', key, ['log'])).toEqual(['log']);
  });
});
