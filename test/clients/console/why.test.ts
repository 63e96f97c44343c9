import { describe, expect, it } from 'vitest';
import { connectionQuery } from '../../../src/clients/console/src/why/connection-search.ts';
import { readSearch, searchQuery } from '../../../src/clients/console/src/why/event-search.ts';
import type { Step } from '../../../src/clients/console/src/why/explanation.ts';
import { filterValues } from '../../../src/clients/console/src/why/filter-values.ts';
import { nearestPattern } from '../../../src/clients/console/src/why/nearest-pattern.ts';
import { rulesOf, stoppedBy } from '../../../src/clients/console/src/why/rules.ts';
import { thenAndNow } from '../../../src/clients/console/src/why/was-connected.ts';
import { connectionOf, eventOf } from './connections.ts';

const step = (rule: Step['rule'], passed: boolean, detail = ''): Step => ({ rule, passed, detail });

describe('the rules in words', () => {
  it('are all there, those after the one that stopped the event as not asked', () => {
    const rules = rulesOf([
      step('reached', true, 'this node has delivered the log up to 9-0'),
      step('subscribed', true, 'by a.*.* and b.*.*'),
      step('subscribed', true, 'from 1-0 on'),
      step('grant', false, 'user:ada may hear ["b.*.*","c.*.*"]'),
    ]);
    expect(rules.map(({ state }) => state)).toEqual([
      'passed',
      'passed',
      'passed',
      'failed',
      'not asked',
      'not asked',
      'not asked',
    ]);
    expect(rules[1]?.answer).toBe('Yes, “a.*.*”, “b.*.*”.');
    expect(rules[3]?.answer).toBe('No: user:ada may hear “b.*.*”, “c.*.*”.');
  });

  it('leave out those that are not asked of a topic', () => {
    const rules = rulesOf([
      step('subscribed', true, 'by a.*.*'),
      step('grant', true, 'user:ada may hear ["a.*.*"]'),
      step('filter', true, 'there is no filter'),
      step('dialect', true, 'native supports it'),
      step('queue', false, 'the client is slow'),
    ]);
    expect(rules).toHaveLength(5);
    expect(rules[2]?.answer).toBe('There is no filter.');
    expect(rules[4]).toEqual({
      question: 'Does the client keep up?',
      state: 'failed',
      answer: 'The client is slow.',
    });
  });

  it('tell a subscription that began too late from one that does not match', () => {
    const matching = step('subscribed', true, 'by a.*.*');
    const late = {
      outcome: 'not_subscribed',
      why: [matching, step('subscribed', false, 'from 5-0 on')],
    } as const;
    expect(stoppedBy(late)).toBe('late');
    expect(stoppedBy({ outcome: 'not_subscribed', why: [step('subscribed', false)] })).toBe('not_subscribed');
  });
});

describe('the pattern that comes nearest', () => {
  const TOPIC = { type: 'deploy', action: 'fail', key: 'shop.eu' };

  it.each([
    [['tasks.*.*', 'deploy.begin.shop\\1eu', 'deploy.begin.*'], 'deploy.begin.shop\\1eu', ['action']],
    [['*.begin.shop', 'deploy.*.shop'], 'deploy.*.shop', ['key']],
    [['tasks.fail.*'], 'tasks.fail.*', ['type']],
  ])('of %j is %s, where %j differs', (patterns, pattern, differs) => {
    expect(nearestPattern(patterns, TOPIC)).toEqual({ pattern, differs });
  });

  it('is none where nothing matches, or all do', () => {
    expect(nearestPattern(['tasks.begin.x', 'no pattern', 'deploy.*.*'], TOPIC)).toBeUndefined();
  });
});

it('what an event has where a filter looks is told for each condition', () => {
  const event = { object: { status: 'Running', size: 3 }, key: 'a and b' };
  expect(
    filterValues('object.status=["Failed","a] and x=[1]"] and key=["a and b"] and object.no=[1]', event),
  ).toEqual([
    { path: 'object.status', wanted: '["Failed","a] and x=[1]"]', found: '"Running"', holds: false },
    { path: 'key', wanted: '["a and b"]', found: '"a and b"', holds: true },
    { path: 'object.no', wanted: '[1]', found: undefined, holds: false },
  ]);
});

describe('what somebody typed to find an event', () => {
  it.each([
    ['', { kind: 'newest' }],
    [' 1768473000000-0 ', { kind: 'id', id: '1768473000000-0' }],
    ['deploy.*.shop', { kind: 'pattern', pattern: 'deploy.*.shop', isTopic: false }],
    ['deploy.fail.shop.eu', { kind: 'pattern', pattern: 'deploy.fail.shop.eu', isTopic: true }],
    ['deploy', { kind: 'text', text: 'deploy' }],
    ['a b.c.d', { kind: 'text', text: 'a b.c.d' }],
  ])('"%s" is read', (written, search) => {
    expect(readSearch(written)).toEqual(search);
  });

  it('is looked for among the types that were heard, without what the registry tells by itself', () => {
    const asked = (written: string): string =>
      decodeURIComponent(
        searchQuery(readSearch(written), ['connections', 'deploy', 'presence', 'tasks'], 50).toString(),
      );
    expect(asked('')).toBe('limit=50&pattern=deploy,tasks.*.*');
    expect(asked('shop')).toBe('limit=50&pattern=deploy,tasks.*.*&q=shop');
    expect(asked('connections.*.*')).toBe('limit=50&pattern=connections.*.*');
    expect(asked('5-1')).toBe('limit=1&since=5-0&until=5-2');
  });
});

it.each([
  ['', 'Principal=Ne()'],
  ['user:ada (1)', String.raw`Principal=Re((?i)user:ada+\(1\))`],
  ['10.0.0.', String.raw`RemoteAddr=Re(10\.0\.0\.)&Principal=Ne()`],
  ['4d96acca-8540-4b37-b12d-3cb9468ad669', 'Id=Eq(4d96acca-8540-4b37-b12d-3cb9468ad669)&Principal=Ne()'],
])('a client is found by "%s"', (written, query) => {
  const asked = decodeURIComponent(connectionQuery(written, 9).toString());
  expect(asked).toBe(`limit=9&sort=CreateTime&reverse=true&Type=Ne(api)&${query}`);
});

describe('whether a principal was connected when an event came', () => {
  const at = (minute: number): number => Date.parse(`2026-11-27T10:${minute}:00Z`);
  const connection = (id: string, minute: number) =>
    connectionOf(id, { CreateTime: `2026-11-27T10:${minute}:00Z` });
  const ended = (id: string, from: number, to: number) =>
    eventOf('connections.delete', connection(id, from), { time: `2026-11-27T10:${to}:00Z` });
  const history = (...events: ReturnType<typeof ended>[]) => ({ events, from: at(20), cursor: '' });

  it('is known by the connections that ended since, and by those that are open', () => {
    const was = thenAndNow(history(ended('a', 10, 40), ended('b', 35, 45)), [connection('c', 15)], at(30));
    expect(was).toEqual({ openThen: 2, openNow: 1, cameBackAt: undefined });
  });

  it('is denied where none was open, with the time at which it came back', () => {
    const was = thenAndNow(history(), [connection('c', 50)], at(30));
    expect(was).toEqual({ openThen: 0, openNow: 1, cameBackAt: at(50) });
  });

  it('is not known where the log does not go back so far', () => {
    expect(thenAndNow(history(), [], at(10)).openThen).toBeUndefined();
  });
});
