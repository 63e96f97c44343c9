import { describe, expect, it } from 'vitest';
import { compare, notCompared, unsteady } from './check.ts';
import { claimsOf, isClaimed, isSteady } from './fit.ts';
import { mostOf } from './limits.ts';
import { figuresOf, machineOf, readMeasured } from './measured.ts';
import { PARTS, readParts } from './parts.ts';
import { pointOf, POINTS, type Figure } from './points.ts';
import { DEFAULTS } from './scenario.ts';
import { simulate } from './simulate.ts';

const parts = readParts();
const measured = readMeasured();

describe('the simulation', () => {
  const comparisons = compare(POINTS, measured, parts);

  it('gives every steady figure that was measured within 20 %, those that it was not fitted to as well', () => {
    expect(comparisons.filter(({ isWithin }) => !isWithin)).toEqual([]);
    expect(comparisons.filter(({ point }) => point.use === 'check').length).toBeGreaterThan(20);
  });

  it('compares every figure that it claims, or tells how far its runs differ', () => {
    const left = unsteady(POINTS, measured, parts);
    expect(left.filter(isSteady)).toEqual([]);
    const machine = machineOf(measured);
    const claimed = POINTS.flatMap((point) => {
      const found = measured[point.name];
      if (found === undefined || (point.beside === undefined && found.machine !== machine)) return [];
      return Object.keys(figuresOf(found)).filter((name) => isClaimed(point, name as Figure));
    });
    expect(comparisons.length + left.length).toBe(claimed.length);
  });

  it.each([
    ['FCALL of 256 B to 12 shards', 'redisShard', 3],
    ['FCALL of 256 B to 12 shards, one wanted', 'nodeWake', 4],
    ['1,000 topics of 10 at 1,000/s', 'nodeWriteCold', 0.01],
  ] as const)('gives %s, and notices where %s is wrong by a factor of %d', (name, part, factor) => {
    const point = pointOf(name);
    const claimed = compare([point], measured, parts);
    expect(claimed.filter(({ isWithin }) => !isWithin)).toEqual([]);
    expect(claimed.length).toBeGreaterThan(0);
    const wrong = compare([point], measured, { ...parts, [part]: parts[part] * factor });
    expect(wrong.some(({ isWithin }) => !isWithin)).toBe(true);
  });

  it('compares no figure of another machine than that of its parts, unless it is a share of one measured beside it', () => {
    const machine = machineOf(measured);
    const others = POINTS.filter(({ name, beside }) => {
      const found = measured[name];
      return beside === undefined && found !== undefined && found.machine !== machine;
    });
    expect(compare(others, measured, parts)).toEqual([]);
    const lines = notCompared(others, measured, parts);
    expect(lines.filter((line) => !line.includes(`the parts are of ${machine}`))).toEqual([]);
    expect(lines.length).toBe(others.length);
  });

  it('refuses to fit its parts to points of several machines', () => {
    const first = POINTS.find(({ use, beside }) => use === 'fit' && beside === undefined);
    const found = first && measured[first.name];
    if (first === undefined || found === undefined) throw new Error('No point was measured.');
    const mixed = { ...measured, [first.name]: { ...found, machine: 'another one' } };
    expect(() => claimsOf(POINTS, mixed)).toThrow(/several machines: another one and /);
  });

  it('tells which points nobody has measured', () => {
    const unmeasured = POINTS.filter(({ name }) => measured[name] === undefined);
    const lines = unmeasured.map(({ name }) => `${name}: nobody has measured it yet`);
    expect(notCompared(unmeasured, measured, parts)).toEqual(lines);
    const [first] = POINTS;
    expect(first && notCompared([first], measured, parts)).toEqual([]);
  });

  it('notices a part of the cost that is wrong', () => {
    const wrong = compare(POINTS, measured, { ...parts, nodeWrite: parts.nodeWrite * 2 });
    expect(wrong.some(({ isWithin }) => !isWithin)).toBe(true);
  });

  it('has a positive value for each part', () => {
    expect(Object.keys(PARTS).filter((part) => !(parts[part as keyof typeof PARTS] > 0))).toEqual([]);
  });

  it('gives the same twice', () => {
    const scenario = { ...DEFAULTS, broadcasts: 100, events: 500, hosts: 3 };
    expect(simulate(scenario, parts)).toEqual(simulate(scenario, parts));
  });

  it('finds that one master is full before nodes that want few of its events', () => {
    const scenario = { ...DEFAULTS, hosts: 40, connections: 40, events: 1_000, hearers: 1, topics: 40 };
    expect(mostOf(scenario, parts).fullFirst).toBe('core of a master');
  });
});
