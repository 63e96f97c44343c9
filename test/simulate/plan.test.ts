import { describe, expect, it } from 'vitest';
import { short } from '../bench/summary.ts';
import { page } from '../docs/pages.ts';
import { fullAt } from './limits.ts';
import { readParts } from './parts.ts';
import { climb, hubsOf, readPlan, SHAPES } from './plan.ts';
import { scenarioOf } from './scenario.ts';
import { deploy } from './storms.ts';

const parts = readParts();
const found = readPlan();

describe('the plan to a million', () => {
  it('was simulated with the parts of the cost as they are now', () => {
    expect(found.parts, 'npm run simulate -- --plan simulates it anew').toEqual(parts);
  });

  it.each(SHAPES)('has what is full first at each step of $name', { timeout: 60_000 }, (shape) => {
    const full = hubsOf(shape).map(({ before }) => fullAt(scenarioOf(before), parts, 1));
    expect(found.shapes[shape.name]?.map(({ fullBefore }) => fullBefore)).toEqual(full);
  });

  it.each(SHAPES)('changes the hub of $name where it is full, and only there', ({ steps, name }) => {
    const isFull = found.shapes[name]?.map(({ fullBefore }) => fullBefore !== undefined);
    expect(steps.map(({ change }) => change !== undefined)).toEqual(isFull);
  });

  it.each(SHAPES)('ends in a hub of $name that carries a million', ({ steps, name }) => {
    const { connections = 0 } = steps.at(-1)?.load ?? {};
    expect(connections).toBe(1_000_000);
    expect(found.shapes[name]?.at(-1)?.most.factor).toBeGreaterThan(1);
  });

  it('tells on its page how much work a deploy is for the registry', () => {
    const { masterS = 0 } = deploy(scenarioOf({ connections: 1_000_000, hosts: 100 }), parts) ?? {};
    expect(page('src/docs/explanation/to-a-million.md').text).toContain(
      `${short(masterS)} s of work for one core of Redis`,
    );
  });

  it.each(SHAPES)('has a hub of $name that is full just beyond its most', { timeout: 60_000 }, (shape) => {
    // A million events a second take the simulation too long for a test.
    const at = hubsOf(shape).findLastIndex(({ after }) => (after.events ?? 0) < 1_000_000);
    const last = hubsOf(shape)[at]?.after ?? {};
    const { factor = 0, fullFirst } = found.shapes[shape.name]?.[at]?.most ?? {};
    expect(fullAt(scenarioOf(last), parts, factor)).toBeUndefined();
    expect(fullAt(scenarioOf(last), parts, factor * 1.2)).toBe(fullFirst);
  });

  it('gives the most as the simulation does now', { timeout: 60_000 }, () => {
    const [, broadcast] = SHAPES;
    if (broadcast === undefined) throw new Error('There is no second shape.');
    expect(climb(broadcast, parts)).toEqual(found.shapes[broadcast.name]);
  });
});
