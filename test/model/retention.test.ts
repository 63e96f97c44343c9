import { describe, expect, it } from 'vitest';
import { DEFAULT_RETENTION, Retention, TAIL_MAX } from '../../src/model/retention.ts';

const DAY_MS = 86_400_000;

describe('the built-in retention rules', () => {
  const retention = new Retention(DEFAULT_RETENTION);

  it.each([
    ['container', 'log', { kind: 'tail', last: 100, ttlMs: 7 * DAY_MS }],
    ['container', 'status', { kind: 'tail', last: 1, ttlMs: 30 * DAY_MS }],
    ['container', 'stats', { kind: 'tail', last: 1, ttlMs: DAY_MS }],
    ['deployment', 'status', { kind: 'tail', last: 1, ttlMs: DAY_MS }],
    ['deployment', 'log', { kind: 'tail', last: 10_000, ttlMs: DAY_MS }],
    ['system', 'log', { kind: 'tail', last: 100, ttlMs: 7 * DAY_MS }],
    ['metrics', 'sample', { kind: 'tail', last: 1, ttlMs: DAY_MS }],
    ['cluster', 'added', { kind: 'latest' }],
    ['cluster', 'anything', { kind: 'latest' }],
    ['sink', 'cursor', { kind: 'tail', last: 1, ttlMs: 30 * DAY_MS }],
    ['sink', 'redeliver', undefined],
    ['container', 'end', undefined],
    ['deploy', 'step', undefined],
    ['machines', 'save', undefined],
  ])('keep of %s.%s what its readers need', (type, action, keep) => {
    expect(retention.of({ type, action })).toEqual(keep);
  });

  it('keep the latest event of clusters, and tails of five other types', () => {
    const types = ['cluster', 'container', 'deployment', 'system', 'metrics', 'sink', 'machines'];
    expect(types.map((type) => retention.kindOf(type))).toEqual([
      'latest',
      'tail',
      'tail',
      'tail',
      'tail',
      'tail',
      undefined,
    ]);
  });
});

describe('retention rules', () => {
  it('are tried in order, and the first that matches decides', () => {
    const retention = new Retention([
      { pattern: 'a.x,y.*', last: 1 },
      { pattern: 'a,b.*.*', last: 2 },
      { pattern: '*.z.*', latest: true },
    ]);
    const lastOf = (type: string, action: string): unknown => retention.of({ type, action });
    expect(lastOf('a', 'y')).toEqual({ kind: 'tail', last: 1 });
    expect(lastOf('a', 'z')).toEqual({ kind: 'tail', last: 2 });
    expect(lastOf('c', 'z')).toEqual({ kind: 'latest' });
    expect(lastOf('c', 'y')).toBeUndefined();
  });

  it('say how the latest of a type is found, by the rules that apply to it', () => {
    const retention = new Retention([
      { pattern: 'a.x,y.*', last: 1 },
      { pattern: 'a.x.*', latest: true },
      { pattern: 'b.*.*', ttlMs: 5 },
      { pattern: '*.z.*', latest: true },
      { pattern: 'c,b.*.*', latest: true },
      { pattern: 'e.x.*', last: 1 },
    ]);
    const kinds = ['a', 'b', 'c', 'e', 'anything'].map((type) => retention.kindOf(type));
    expect(kinds).toEqual(['latest', 'tail', 'latest', 'latest', 'latest']);
    const without = new Retention([
      { pattern: 'a.x,y.*', last: 1 },
      { pattern: 'a.x.*', latest: true },
    ]);
    expect([without.kindOf('a'), without.kindOf('b')]).toEqual(['tail', undefined]);
    expect(new Retention([{ pattern: '*.x.*', last: 1 }]).kindOf('anything')).toBe('tail');
  });

  it('keep at most TAIL_MAX events where they state only a time', () => {
    const retention = new Retention([{ pattern: 'a.b.*', ttlMs: 5 }]);
    expect(retention.of({ type: 'a', action: 'b' })).toEqual({ kind: 'tail', last: TAIL_MAX, ttlMs: 5 });
  });

  it('answer a query for any action with the latest event, where a rule keeps it', () => {
    const retention = new Retention([
      { pattern: 'a.log.*', last: 9 },
      { pattern: 'a.*.*', latest: true },
    ]);
    expect(retention.requested({ type: 'a', action: '*' })).toEqual({ kind: 'latest' });
    expect(retention.requested({ type: 'a', action: 'save' })).toEqual({ kind: 'latest' });
    expect(retention.requested({ type: 'a', action: 'log' })).toEqual({ kind: 'tail', last: 9 });
    expect(retention.requested({ type: 'b', action: '*' })).toBeUndefined();
  });
});
