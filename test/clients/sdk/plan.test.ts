import { describe, expect, it } from 'vitest';
import { readPattern, type Filters } from '../../../src/clients/sdk/match.ts';
import { planOf, type Member, type Plan } from '../../../src/clients/sdk/plan.ts';

function member(patterns: string[], more: Partial<Member> = {}): Member {
  return {
    patterns: patterns.map(readPattern),
    filters: undefined,
    slow: 'close',
    state: 'new',
    position: undefined,
    start: undefined,
    ...more,
  };
}

const commands = ({ unsubscribe, subscribe }: Plan<Member>): unknown[] => [
  ...(unsubscribe.length > 0 ? [unsubscribe] : []),
  ...subscribe.map(({ patterns, filters, since }) => [patterns, ...(filters ? [filters] : []), since]),
];

const NONE = new Map<string, string>();
const a: Filters = { key: 'a' };
const b: Filters = { key: 'b' };

describe('the commands of a client for its listeners', () => {
  it('are one command for all listeners that begin now', () => {
    const plan = planOf([member(['a.*.*']), member(['b.*.*', 'c.*.*'])], NONE);
    expect(commands(plan)).toEqual([[['a.*.*', 'b.*.*', 'c.*.*'], undefined]]);
  });

  it('are one command for all that return to the same position, and another one for a later position', () => {
    const plan = planOf(
      [
        member(['a.*.*'], { position: '5-0' }),
        member(['b.*.*'], { position: '5-0' }),
        member(['c.*.*'], { start: '3-0' }),
      ],
      NONE,
    );
    expect(commands(plan)).toEqual([
      [['a.*.*', 'b.*.*'], '5-0'],
      [['c.*.*'], '3-0'],
    ]);
  });

  it('contain the filters unless another listener needs other events of the same topics', () => {
    expect(
      commands(planOf([member(['a.*.*'], { filters: a }), member(['b.*.*'], { filters: b })], NONE)),
    ).toEqual([
      [['a.*.*'], a, undefined],
      [['b.*.*'], b, undefined],
    ]);
    expect(
      commands(planOf([member(['a.*.*'], { filters: a }), member(['a.x.*'], { filters: b })], NONE)),
    ).toEqual([[['a.*.*', 'a.x.*'], undefined]]);
  });

  it('subscribe anew to all overlapping patterns when one of them begins in the past', () => {
    const joined = member(['a.*.*'], { state: 'joined', position: '9-0' });
    const { wire } = planOf([member(['a.*.*']), member(['z.*.*'])], NONE);
    const plan = planOf(
      [joined, member(['z.*.*'], { state: 'joined', position: '9-0' }), member(['a.b.*'], { start: '2-0' })],
      wire,
    );
    expect(commands(plan)).toEqual([['a.*.*'], [['a.*.*', 'a.b.*'], '2-0']]);
    expect(plan.subscribe[0]?.members).toContain(joined);
  });

  it('give listeners that begin now their position before the past of others on the same topics is sent', () => {
    const now = member(['a.*.*']);
    const past = member(['a.b.*'], { start: '2-0' });
    expect(commands(planOf([now, past], NONE))).toEqual([[['a.*.*'], undefined]]);
  });

  it('compare a beginning at a time with one at a cursor', () => {
    const members = [
      member(['a.*.*'], { start: '2026-01-01T00:00:00Z' }),
      member(['a.*.*'], { position: '1000-0' }),
    ];
    expect(commands(planOf(members, NONE))).toEqual([[['a.*.*'], '1000-0']]);
  });

  it('are none when the hub already sends everything, and unsubscribe what nobody needs any more', () => {
    const { wire } = planOf([member(['a.*.*']), member(['b.*.*'])], NONE);
    const joined = ['a.*.*', 'b.*.*'].map((text) => member([text], { state: 'joined', position: '1-0' }));
    expect(commands(planOf(joined, wire))).toEqual([]);
    expect(commands(planOf(joined.slice(1), wire))).toEqual([['a.*.*']]);
  });
});
