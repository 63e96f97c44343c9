import { describe, expect, it } from 'vitest';
import { MIST_PATHS } from '../../src/dialects/mist.ts';
import { BelfryError, type ErrorCode } from '../../src/model/errors.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { Grants, type Identity } from '../../src/model/principal.ts';
import { anEvent, anIdentity } from '../support/connection.ts';
import { anyText, DEPLOYING, json, open, refused, RUNNING, STOPPED, told } from './mist-helpers.ts';

describe("a resource that Mist's streams do not know", () => {
  it.each([
    ['/ws/container/logs?appId=8', 'Container not found'],
    ['/api/ws/container/logs?appId=8', 'Container not found'],
    ['/api/ws/container/stats?appId=8', 'Container not found'],
    ['/ws/deployment/logs?deploymentId=8', 'Deployment not found'],
    ['/api/deployments/logs/stream?id=8', 'Deployment not found'],
  ])('is reported as an error at %s, whose socket stays open for later events', async (url, message) => {
    const {
      first = [],
      subscriptions,
      encoding,
      closeAfterMs,
    } = await open(url, { kept: [RUNNING, DEPLOYING] });
    expect(first.map((event) => JSON.parse(encoding?.encode(event) ?? 'null') as unknown)).toEqual([
      {
        type: 'error',
        timestamp: expect.stringMatching(/^2025-01-15T10:30:00(?:\.5)?Z$/) as string,
        data: { message },
      },
    ]);
    expect([subscriptions.length, closeAfterMs]).toEqual([1, undefined]);
  });

  it('is known as soon as one line of its log is kept', async () => {
    const log = anEvent({ type: 'container', action: 'log', key: '7', object: { line: 'x' } });
    expect((await open('/api/ws/container/logs?appId=7', { kept: [log] })).subscriptions).toHaveLength(1);
    const build = { ...log, type: 'deployment', key: '42' };
    expect((await open('/ws/deployment/logs?deploymentId=42', { kept: [build] })).subscriptions).toHaveLength(
      1,
    );
  });
});

describe('a container that is not running', () => {
  it.each(['/ws/container/logs', '/api/ws/container/logs', '/api/ws/container/stats'])(
    'sends its status and an error at %s, and nothing else',
    async (path) => {
      expect(await told(`${path}?appId=7`, { kept: [RUNNING, STOPPED] })).toEqual([
        { type: 'status', timestamp: '2025-01-15T10:30:00Z', data: STOPPED.object },
        {
          type: 'error',
          timestamp: '2025-01-15T10:30:00Z',
          data: { message: 'Container is not running (state: exited)' },
        },
      ]);
    },
  );

  it('does not send its status to a client that may receive its lines only', async () => {
    const caller = anIdentity({ subscribe: Grants.parse(['container.log.7']) });
    const { first, closeAfterMs } = await open('/ws/container/logs?appId=7', { caller, kept: [STOPPED] });
    expect([first, closeAfterMs]).toEqual([[], undefined]);
  });

  it('is one whose status says so, and a stopped deployment still has a log', async () => {
    for (const object of [null, {}, { state: 3 }]) {
      const session = await open('/ws/container/logs?appId=7', { kept: [{ ...RUNNING, object }] });
      expect(session.subscriptions).toHaveLength(1);
    }
    const kept = [{ ...DEPLOYING, object: { status: 'stopped', state: 'stopped' } }];
    expect((await open('/ws/deployment/logs?deploymentId=42', { kept })).subscriptions).toHaveLength(1);
  });
});

describe('a client that opens a stream of Mist', () => {
  it.each(MIST_PATHS)('is refused at %s with 401 when it has no token', async (path) => {
    const caller = new BelfryError('credentials_missing', 'Why.');
    const { status, headers, body } = await refused(path, { caller });
    expect([status, headers]).toEqual([401, { 'Content-Type': 'application/json' }]);
    expect(body).toBe(
      '{"success":false,"data":null,"message":"Authentication required","error":"No token provided"}',
    );
  });

  it.each<ErrorCode>(['token_invalid', 'credentials_malformed', 'password_wrong'])(
    'is refused with 401 when its credentials are bad: %s',
    async (code) => {
      const { status, body } = await refused('/ws/metrics', { caller: new BelfryError(code, 'Why.') });
      expect([status, JSON.parse(body)]).toEqual([401, json('Invalid or expired token', 'Why.')]);
    },
  );

  it.each<[ErrorCode, number, string]>([
    ['origin_forbidden', 403, 'Permission denied'],
    ['unavailable', 503, 'Failed to check the token'],
    ['internal', 500, 'Failed to check the token'],
  ])('is refused for %s with %d', async (code, status, message) => {
    const refusal = await refused('/ws/metrics', { caller: new BelfryError(code, 'Why.') });
    expect([refusal.status, JSON.parse(refusal.body)]).toEqual([status, json(message, 'Why.')]);
  });

  it('is refused before it could learn whether the resource exists', async () => {
    const caller = new BelfryError('credentials_missing', 'Why.');
    expect((await refused('/api/ws/container/logs?appId=8', { caller })).status).toBe(401);
  });

  const may = (...patterns: string[]): Identity => anIdentity({ subscribe: Grants.parse(patterns) });
  const user = may();

  it('may receive everything of Mist, and nothing else, when its token names no patterns', async () => {
    const { identity } = await open('/ws/container/logs?appId=7', { caller: user, kept: [RUNNING] });
    const mine = (type: string, action: string, key: string): boolean =>
      identity.subscribe.permit({ type, action, key } satisfies Partial<NewEvent>);
    expect(['container', 'deployment', 'metrics'].map((type) => mine(type, 'log', '8'))).toEqual([
      true,
      true,
      true,
    ]);
    expect([mine('system', 'log', 'mist'), mine('system', 'health', ''), mine('jobs', 'log', '7')]).toEqual([
      true,
      false,
      false,
    ]);
    expect((await open('/ws/metrics', { caller: user })).identity.subscribe).toBe(identity.subscribe);
  });

  it('may receive what its patterns permit, and nothing else', async () => {
    const caller = may('container.*.7');
    const session = await open('/ws/container/logs?appId=7', { caller, kept: [RUNNING] });
    expect(session.identity).toBe(caller);
    const denied = { type: 'error', timestamp: anyText, data: { message: 'Permission denied' } };
    const kept = [{ ...RUNNING, key: '8' }, DEPLOYING];
    for (const url of [
      '/ws/container/logs?appId=8',
      '/api/ws/container/logs?appId=8',
      '/api/ws/container/stats?appId=8',
      '/ws/deployment/logs?deploymentId=42',
      '/api/deployments/logs/stream?id=42',
      '/api/ws/system/logs',
    ]) {
      expect(await told(url, { caller, kept })).toEqual([denied]);
    }
  });

  it('is not told whether the resource exists when it may not receive its events', async () => {
    const [here, gone] = [[RUNNING], []].map((kept) =>
      told('/ws/container/logs?appId=7', { caller: may('a.b.c'), kept }),
    );
    expect(await here).toEqual(await gone);
  });

  it.each(['/ws/metrics', '/api/ws/stats'])(
    'is refused with 403 when it may not receive samples: %s',
    async (path) => {
      const { status, body } = await refused(path, { caller: may('container.*.*') });
      expect([status, JSON.parse(body)]).toEqual([403, json('Permission denied', anyText)]);
    },
  );
});
