import { describe, expect, it } from 'vitest';
import { LINES, type Line } from './judge-lines.ts';
import { judge } from './judge.ts';
import type { Row } from './perform.ts';
import { SCENARIOS } from './scenarios.ts';

const row = (scenario: string, peer: string, connectsPerS: number, repeat = 0): Row => ({
  scenario,
  peer,
  repeat,
  cpuMs: 0,
  connectsPerS,
});

const AT_LEAST_HALF: Line = {
  line: 'at least half of ws',
  unit: ' x',
  bound: 0.5,
  least: true,
  figureOf: (find) => {
    const [own, other] = [find('storm')?.connectsPerS, find('storm', 'ws')?.connectsPerS];
    return own === undefined || other === undefined ? undefined : own / other;
  },
};

describe('a verdict', () => {
  it('compares a figure with the least that is allowed', () => {
    const [met] = judge([row('storm', 'belfry', 50), row('storm', 'ws', 100)], [AT_LEAST_HALF]);
    expect(met).toEqual({ line: 'at least half of ws', figure: '0.50 x', met: true, disturbed: false });
    const [missed] = judge([row('storm', 'belfry', 49), row('storm', 'ws', 100)], [AT_LEAST_HALF]);
    expect(missed?.met).toBe(false);
  });

  it('compares a figure with the greatest that is allowed', () => {
    const line: Line = {
      line: 'most',
      unit: '/s',
      bound: 50,
      figureOf: (find) => find('storm')?.connectsPerS,
    };
    expect(judge([row('storm', 'belfry', 50)], [line])[0]).toMatchObject({ figure: '50/s', met: true });
    expect(judge([row('storm', 'belfry', 51)], [line])[0]?.met).toBe(false);
  });

  it('is open when the figure or the peer was not measured', () => {
    const [open] = judge([row('storm', 'belfry', 50)], [AT_LEAST_HALF]);
    expect(open).toMatchObject({ figure: 'not measured', met: undefined });
  });

  it('takes each ratio in one repetition, and then their median', () => {
    const rows = [
      row('storm', 'belfry', 10, 0),
      row('storm', 'ws', 100, 0),
      row('storm', 'belfry', 600, 1),
      row('storm', 'ws', 1_000, 1),
      row('storm', 'belfry', 90, 2),
      row('storm', 'ws', 100, 2),
    ];
    expect(judge(rows, [AT_LEAST_HALF])[0]).toMatchObject({ figure: '0.60 x (0.10–0.90)', met: true });
  });

  it('says when other processes used the machine meanwhile', () => {
    const failover = { backMs: 1, connected: 1, heard: 0, wanted: 0, serverMs: 1, busy: 0, othersBusy: 0.5 };
    const disturbed = { ...row('storm', 'ws', 100), failover };
    expect(judge([row('storm', 'belfry', 50), disturbed], [AT_LEAST_HALF])[0]?.disturbed).toBe(true);
  });

  it('on a failover is negative while a missed event has not been received', () => {
    const failover = { backMs: 1, connected: 1, heard: 9, wanted: 10, serverMs: 1, busy: 0, othersBusy: 0 };
    const of = (peer: string, heard: number): Row => ({
      ...row('failover 10k', peer, 0),
      failover: { ...failover, heard, wanted: peer === 'ws' ? 0 : 10 },
    });
    const verdict = (heard: number): boolean | undefined =>
      judge([of('belfry', heard), of('ws', 0)]).find(({ line }) => line.includes('killed node'))?.met;
    expect([verdict(9), verdict(10)]).toEqual([false, true]);
  });
});

describe('the goals', () => {
  it('name only scenarios that exist', () => {
    const names = new Set(SCENARIOS.map(({ name }) => name));
    const asked = new Set<string>();
    for (const { figureOf } of LINES)
      figureOf((scenario) => {
        asked.add(scenario);
        return undefined;
      });
    expect([...asked].filter((name) => !names.has(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(10);
  });

  it('have different texts', () => {
    const words = LINES.map(({ line, unit, bound }) => line + unit + bound);
    expect(new Set(words).size).toBe(LINES.length);
  });
});
