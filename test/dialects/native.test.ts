import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal, type Session } from '../../src/dialects/dialect.ts';
import { nativeEvent } from '../../src/dialects/native-event.ts';
import { native } from '../../src/dialects/native.ts';
import { provisioning } from '../../src/dialects/provisioning.ts';
import type { Json } from '../../src/model/json.ts';
import { BelfryError, type ErrorCode } from '../../src/model/errors.ts';
import { ANONYMOUS, type Identity } from '../../src/model/principal.ts';
import { anIdentity } from '../support/connection.ts';
import { anOpenRequest } from '../support/open.ts';
import { runs } from '../support/runs.ts';
import { cpuMsOf } from '../support/cpu.ts';

async function open(query: string, caller: Identity | BelfryError = anIdentity()): Promise<Session> {
  return native.open(anOpenRequest('/native/ws', query, { caller }));
}

async function refused(query: string, caller?: BelfryError): Promise<Refusal> {
  try {
    await open(query, caller);
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error('was not refused');
}

describe('a native handshake', () => {
  it('opens a connection that receives nothing yet', async () => {
    const caller = anIdentity();
    const session = await open('', caller);
    expect(session).toEqual({
      identity: caller,
      subscriptions: [],
      heartbeat: { pingMs: 25_000, pongWaitMs: 60_000 },
    });
  });

  it('subscribes to every pattern of the query', async () => {
    const { subscriptions } = await open('pattern=profiles.*.*&pattern=a%5C1b.c.d');
    expect(subscriptions.map(({ name, filters }) => [name, filters])).toEqual([
      ['profiles.*.*', []],
      ['a\\1b.c.d', []],
    ]);
    expect(subscriptions[1]?.pattern.matches({ type: 'a.b', action: 'c', key: 'd' })).toBe(true);
  });

  it('resumes from the position in the query', async () => {
    expect((await open('pattern=*.*.*&since=1736937000123-0')).replay).toEqual({ since: '1736937000123-0' });
    expect(await open('pattern=*.*.*')).not.toHaveProperty('replay');
  });

  it.each([
    ['pattern=a.b', 422, 'pattern_invalid'],
    ['pattern=', 422, 'pattern_invalid'],
    ['pattern=a.b.c&since=now', 400, 'cursor_invalid'],
    ['since=', 400, 'cursor_invalid'],
  ])('with ?%s is refused with %d %s', async (query, status, code) => {
    const refusal = await refused(query);
    expect(refusal.status).toBe(status);
    expect(refusal.headers).toEqual({ 'Content-Type': 'application/json; charset=utf-8' });
    expect(JSON.parse(refusal.body)).toMatchObject({ code, see: `/docs/reference/errors#${code}` });
  });

  it('without credentials opens a connection that must send them within ten seconds, and may do nothing before', async () => {
    const session = await open('', new BelfryError('credentials_missing', 'No token.'));
    expect(session).toMatchObject({ identity: ANONYMOUS, authWithinMs: 10_000 });
    expect(await open('')).not.toHaveProperty('authWithinMs');
  });

  it.each<ErrorCode>(['credentials_malformed', 'password_wrong', 'token_invalid'])(
    'is refused with 401 when the credentials are bad: %s',
    async (code) => {
      const refusal = await refused('', new BelfryError(code, 'Why.'));
      expect(refusal.status).toBe(401);
      expect(refusal.headers).toMatchObject({ 'WWW-Authenticate': 'Bearer realm="belfry"' });
      expect(JSON.parse(refusal.body)).toEqual({
        code,
        message: 'Why.',
        see: `/docs/reference/errors#${code}`,
      });
    },
  );

  it.each<[ErrorCode, number]>([
    ['unavailable', 503],
    ['internal', 500],
  ])('is refused without a challenge when the credentials cannot be checked: %s', async (code, status) => {
    const refusal = await refused('', new BelfryError(code, 'Why.'));
    expect(refusal.status).toBe(status);
    expect(refusal.headers).not.toHaveProperty('WWW-Authenticate');
  });
});

describe('a native refusal', () => {
  it('quotes only the beginning of a long id', () => {
    const frame = JSON.stringify({ id: 'x'.repeat(1_000), command: 'ping' });
    expect(() => native.decode(frame)).toThrow(expect.objectContaining({ ref: 'x'.repeat(200) }));
  });

  it('says what was expected', () => {
    expect(() => native.decode('{"id":1,"command":"dance"}')).toThrow(
      /subscribe, unsubscribe, publish, auth/,
    );
    expect(() => native.decode('{"id":1,"command":"ping","x":1}')).toThrow(/x/);
    expect(() => native.publishing?.parse({ type: 'a', action: 'b' })).toThrow(/key: /);
  });

  it('stays short, however much is wrong', () => {
    const frame = JSON.stringify({
      command: 'publish',
      events: Array.from({ length: 500 }, () => ({ x: 'y'.repeat(100) })),
    });
    expect(() => native.decode(frame)).toThrow(/^.{0,1000}$/s);
    const long = JSON.stringify({ command: 'ping', ['z'.repeat(10_000)]: 1 });
    expect(() => native.decode(long)).toThrow(/^.{0,1000}$/s);
  });
});

describe('a published native event', () => {
  const text = fc.constantFrom<Json>(
    '',
    'profiles',
    'save',
    '2026-01-15T10:30:00Z',
    'yesterday',
    7,
    null,
    {},
  );
  const field = fc.constantFrom(
    'type',
    'action',
    'key',
    'time',
    'principal',
    'id',
    'metadata',
    'constructor',
  );
  const anyBody = fc
    .tuple(fc.dictionary(field, text), fc.option(fc.constant({ object: { a: 1 } }), { nil: {} }))
    .map(([fields, object]) => ({ type: 'profiles', action: 'save', key: 'global', ...fields, ...object }));

  const bySchema = (body: Json): object => {
    const { id: _heardAs, ...event } = nativeEvent.parse(body);
    return event;
  };
  /** The event that was read, or `undefined` if it was refused. */
  const outcome = (read: () => object | undefined): object | undefined => {
    try {
      return read();
    } catch {
      return { refused: true };
    }
  };

  it('is read by the short way and by the schema with the same result', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        expect(outcome(() => native.publishing?.parse(body))).toEqual(outcome(() => bySchema(body)));
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe('the filters of a subscription', () => {
  const frame = (patterns: number, filters: number): string =>
    JSON.stringify({
      command: 'subscribe',
      patterns: Array.from({ length: patterns }, (_, n) => `a.b.${n}`),
      filters: Object.fromEntries(Array.from({ length: filters }, (_, n) => [`object.n${n}`, n])),
    });

  it.each([
    ['native', (text: string) => native.decode(text)],
    [
      'provisioning',
      (text: string) =>
        provisioning.decode(text.replace('"command"', '"type"').replace('patterns', 'events')),
    ],
  ])('are read once for all patterns of a command in the dialect %s', (_name, decode) => {
    const command = decode(frame(3, 2));
    const all = command.kind === 'subscribe' ? command.subscriptions.map(({ filters }) => filters) : [];
    expect([all.length, new Set(all).size, all[0]?.length]).toEqual([3, 1, 2]);
  });

  it.each([
    ['400 patterns and 5,000 filters', 400, 5_000, 'filter_invalid'],
    ['45,000 patterns and 45,000 filters', 45_000, 45_000, 'command_invalid'],
  ])('are refused before the hub makes anything of %s', (_name, patterns, filters, code) => {
    const text = frame(patterns, filters);
    const refuse = (): void => expect(() => native.decode(text)).toThrow(expect.objectContaining({ code }));
    expect(cpuMsOf(refuse)).toBeLessThan(500);
  });
});
