import { describe, expect, it } from 'vitest';
import { Topics } from '../../src/hub/topics.ts';
import { ManualClock } from '../support/clock.ts';

const START = '2026-01-01T00:00:00Z';

describe('the topics of a node', () => {
  it('are the pairs of type and action that it heard, each with its count and its last time', () => {
    const clock = new ManualClock(START);
    const topics = new Topics(clock);
    for (const action of ['step', 'begin', 'step']) topics.add({ type: 'deploy', action });
    clock.advance(1_000);
    topics.add({ type: 'apps', action: 'save' });
    const start = Date.parse(START);
    const heard = topics.list().map(({ lastAt, ...topic }) => ({ ...topic, after: lastAt - start }));
    expect(heard).toMatchObject([
      { type: 'deploy', action: 'step', events: 2, after: 0 },
      { type: 'deploy', action: 'begin', events: 1, after: 0 },
      { type: 'apps', action: 'save', events: 1, after: 1_000 },
    ]);
  });

  it('have a rate that comes close to that of the last minutes and then falls', () => {
    const clock = new ManualClock(START);
    const topics = new Topics(clock);
    for (let second = 0; second < 300; second++) {
      for (let n = 0; n < 5; n++) topics.add({ type: 'logs', action: 'line' });
      clock.advance(1_000);
    }
    expect(topics.list()[0]?.perSecond).toBeCloseTo(5, 0);
    clock.advance(300_000);
    expect(topics.list()[0]?.perSecond).toBeLessThan(0.1);
  });

  it('are a thousand at most, and the pair whose last event is oldest makes room for a new one', () => {
    const clock = new ManualClock(START);
    const topics = new Topics(clock);
    for (let n = 0; n < 1_000; n++) {
      topics.add({ type: 'old', action: `${n}` });
      clock.advance(1);
    }
    topics.add({ type: 'old', action: '0' });
    topics.add({ type: 'new', action: 'x' });
    const heard = topics.list().map(({ type, action }) => `${type} ${action}`);
    expect(heard).toHaveLength(1_000);
    expect(heard).toEqual(expect.arrayContaining(['new x', 'old 0']));
    expect(heard).not.toContain('old 1');
  });

  it('leave out a type or an action of more than 200 characters, which would fill the memory', () => {
    const topics = new Topics(new ManualClock(START));
    topics.add({ type: 'x'.repeat(201), action: 'a' });
    topics.add({ type: 'a', action: 'x'.repeat(201) });
    expect(topics.list()).toEqual([]);
  });
});
