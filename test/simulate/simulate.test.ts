import { describe, expect, it } from 'vitest';
import { compare, unsteady } from './check.ts';
import { isClaimed, STEADY_WITHIN } from './fit.ts';
import { mostOf } from './limits.ts';
import { PARTS, readParts } from './parts.ts';
import { figuresOf, POINTS, readMeasured, type Figure } from './points.ts';
import { DEFAULTS } from './scenario.ts';
import { simulate } from './simulate.ts';

const parts = readParts();

describe('the simulation', () => {
  const comparisons = compare(POINTS, readMeasured(), parts);

  it('gives every steady figure that was measured within 20 %, those that it was not fitted to as well', () => {
    expect(comparisons.filter(({ isWithin }) => !isWithin)).toEqual([]);
    expect(comparisons.filter(({ point }) => point.use === 'check').length).toBeGreaterThan(20);
  });

  it('compares every figure that it claims, or tells how far its runs differ', () => {
    const left = unsteady(POINTS, readMeasured(), parts);
    expect(left.filter(({ spread }) => !(spread > STEADY_WITHIN))).toEqual([]);
    const claimed = POINTS.flatMap((point) => {
      const found = readMeasured()[point.name];
      return Object.keys(found ? figuresOf(found) : {}).filter((name) => isClaimed(point, name as Figure));
    });
    expect(comparisons.length + left.length).toBe(claimed.length);
  });

  it('notices a part of the cost that is wrong', () => {
    const wrong = compare(POINTS, readMeasured(), { ...parts, nodeWrite: parts.nodeWrite * 2 });
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
