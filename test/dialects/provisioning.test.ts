import { describe, expect, it } from 'vitest';
import { provisioning } from '../../src/dialects/provisioning.ts';
import { BelfryError, type ErrorCode } from '../../src/model/errors.ts';
import { ANONYMOUS, Grants, type Identity } from '../../src/model/principal.ts';
import { anIdentity } from '../support/connection.ts';
import { admits, EVENT_TYPES, namesOf, open, published, refused } from './provisioning-helpers.ts';

describe('a provisioning handshake', () => {
  it('subscribes to everything when it names no event types', async () => {
    for (const query of ['', '?events=', '?events=%20,', '?token=x']) {
      const session = await open(`/ws${query}`);
      for (const type of [...EVENT_TYPES, 'CustomApplicationEvent']) {
        expect(admits(session, published(type, {}))).toBe(true);
      }
    }
  });

  it('subscribes to the event types that it names, by short and full names in one list', async () => {
    const session = await open('/ws?events=task,%20LogEntry&events=Tick,task');
    expect(namesOf(session)).toEqual(['TaskStatusChanged', 'LogEntry', 'Tick']);
    expect(admits(session, published('TaskStatusChanged', {}))).toBe(true);
    expect(admits(session, published('Tick', {}))).toBe(true);
    expect(admits(session, published('Tock', {}))).toBe(false);
    expect(admits(session, published('MetricUpdate', {}))).toBe(false);
  });

  it('shares an encoding with every handshake of the same batch size', async () => {
    const [byDefault, one, ten, four, again] = await Promise.all(
      ['', 'batch_size=1', 'batch_size=10', 'batch_size=4', 'batch_size=4'].map((query) =>
        open(`/ws?${query}`),
      ),
    );
    expect(byDefault?.encoding?.batch).toBeUndefined();
    expect(one?.encoding).toBe(byDefault?.encoding);
    expect(ten?.encoding?.batch?.size).toBe(10);
    expect(four?.encoding?.batch?.size).toBe(4);
    expect(again?.encoding).toBe(four?.encoding);
    expect(four?.encoding?.name).not.toBe(ten?.encoding?.name);
  });

  it.each([
    ['batch_size', '0'],
    ['batch_size', '-1'],
    ['batch_size', '1001'],
    ['batch_size', '2.5'],
    ['batch_size', '1e2'],
    ['batch_size', 'ten'],
    ['compression', 'yes'],
    ['compression', 'TRUE'],
  ])('is refused with 400, a code and a sentence for %s=%s', async (name, value) => {
    const { status, body } = await refused(`/ws?${name}=${value}`);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      code: 'handshake_invalid',
      message: expect.stringMatching(
        new RegExp(`^The ${name} "${value}" is not usable. Expected .+\\.$`),
      ) as string,
      see: '/docs/reference/errors#handshake_invalid',
    });
  });

  it('accepts batches of up to 1000', async () => {
    expect((await open('/ws?batch_size=2')).encoding?.batch?.size).toBe(2);
    expect((await open('/ws?batch_size=1000')).encoding?.batch?.size).toBe(1000);
  });

  it('opens a compressed socket when it asks for that', async () => {
    expect((await open('/ws?compression=true')).deflate).toBe(true);
    expect((await open('/ws?compression=false')).deflate).toBe(false);
    expect((await open('/ws')).deflate).toBe(false);
  });

  it('gives a user 10 connections, a socket 100 messages a second and 50 subscriptions', async () => {
    expect((await open('/ws')).limits).toEqual({
      connectionsPerPrincipal: 10,
      commandsPerSecond: 100,
      subscriptionsMax: 50,
    });
  });

  it('opens a socket that is pinged every 25 s, and is cut after a minute without an answer', async () => {
    for (const target of ['/ws', '/metrics', '/logs'])
      expect((await open(target)).heartbeat).toEqual({ pingMs: 25_000, pongWaitMs: 60_000 });
  });

  it('without a token leaves ten seconds to send one, and its subscriptions wait until then', async () => {
    const missing = new BelfryError('credentials_missing', 'None.');
    for (const target of ['/ws', '/ws?events=task,system', '/logs', '/metrics']) {
      const { identity, authWithinMs, subscriptions } = await open(target, missing);
      expect([identity, authWithinMs]).toEqual([ANONYMOUS, 10_000]);
      expect(new Set(subscriptions.map(({ onForbidden }) => onForbidden))).toEqual(new Set(['kept']));
    }
    expect(await open('/ws')).not.toHaveProperty('authWithinMs');
  });

  it.each<ErrorCode>(['token_invalid', 'credentials_malformed', 'password_wrong'])(
    'is refused with 401, one word and the reason in a header for %s',
    async (code) => {
      const caller = new BelfryError(code, 'It has "expired" \\ – é. Expected a fresh one.');
      const { status, headers, body } = await refused('/ws', caller);
      expect([status, body]).toEqual([401, 'Unauthorized']);
      expect(headers['WWW-Authenticate']).toBe(
        `Bearer realm="belfry", error="${code}", error_description="It has 'expired' ' ' '. Expected a fresh one."`,
      );
    },
  );

  it('is asked to come again while the hub cannot check its token', async () => {
    const { status, headers, body } = await refused('/ws', new BelfryError('unavailable', 'No keys.'));
    expect([status, headers['Retry-After']]).toEqual([503, '1']);
    expect(JSON.parse(body)).toMatchObject({ code: 'unavailable', message: 'No keys.' });
  });
});

describe('the right to receive events on provisioning', () => {
  const heard = (identity: Partial<Identity>): string[] => {
    const { subscribe: grants } = withDefaults(identity);
    return [...EVENT_TYPES, 'Tick'].filter((type) => grants.permit(published(type, { component: 'dns' })));
  };
  const withDefaults = (identity: Partial<Identity>): Identity => {
    const given = anIdentity({ subscribe: Grants.none, ...identity });
    return provisioning.identify?.(given) ?? given;
  };
  const open4all = [
    'TaskStatusChanged',
    'BatchOperationUpdate',
    'WorkflowProgressUpdate',
    'MetricUpdate',
    'Tick',
  ];

  it.each([
    ['everybody', [], open4all],
    ['an unknown role', ['viewer'], open4all],
    ['a developer', ['developer'], [...open4all, 'LogEntry']],
    ['an admin', ['admin'], [...EVENT_TYPES, 'Tick']],
  ])('%s', (_who, roles, types) => {
    expect(heard({ roles }).toSorted()).toEqual([...types].toSorted());
  });

  it("comes from the client's own grants alone for the event types that these name", () => {
    const own = Grants.parse(['log.entry.dns', 'task.status_changed.t1', 'profiles.*.*']);
    expect(heard({ subscribe: own })).not.toContain('TaskStatusChanged');
    expect(heard({ subscribe: own })).toContain('LogEntry');
    const { subscribe: grants } = withDefaults({ roles: ['developer'], subscribe: own });
    expect(grants.permit(published('LogEntry', { component: 'mail' }))).toBe(false);
    expect(grants.permit(published('TaskStatusChanged', { task_id: 't1' }))).toBe(true);
    expect(grants.permit({ type: 'profiles', action: 'save', key: 'x' })).toBe(true);
  });

  it('is one object for all identities that may receive the same', () => {
    const [one, two] = [withDefaults({ principal: 'user:a' }), withDefaults({ principal: 'user:b' })];
    expect(one.subscribe).toBe(two.subscribe);
    const everything = anIdentity();
    expect(provisioning.identify?.(everything)).toBe(everything);
  });

  it('does not change what an identity may publish', () => {
    expect(withDefaults({ publish: Grants.none }).publish).toBe(Grants.none);
  });
});
