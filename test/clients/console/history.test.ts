import { describe, expect, it } from 'vitest';
import { axisEnd, History } from '../../../src/clients/console/src/overview/history.ts';

const sample = (events: number) => ({ events, deliveries: 2 * events, p99: 1, lag: 1 });

describe('the history of a chart', () => {
  it('breaks the line where nobody looked, or the hub did not answer, for more than ten seconds', () => {
    const history = new History();
    for (const at of [0, 2_500, 12_500, 30_000]) history.add(at, sample(at));
    expect(history.values('events')).toEqual([0, 2_500, 12_500, null, 30_000]);
    expect(history.values('deliveries')).toEqual([0, 5_000, 25_000, null, 60_000]);
  });

  it('holds half an hour, however long the page is open', () => {
    const history = new History();
    for (let at = 0; at <= 7_200_000; at += 2_500) history.add(at, sample(1));
    expect(history.times).toHaveLength(721);
    expect(history.span).toEqual([5_400_000, 7_200_000]);
  });

  it('is drawn over two minutes at least', () => {
    const history = new History();
    history.add(1_000, sample(1));
    expect(history.span).toEqual([1_000, 121_000]);
  });
});

describe('the axis of a chart', () => {
  it.each([
    [0, 0, 1],
    [0.4, 0, 1],
    [3, 0, 5],
    [97, 0, 200],
    [640_000, 0, 1_000_000],
  ])('for values up to %d ends at a round number', (largest, before, end) => {
    expect(axisEnd(largest, before)).toBe(end);
  });

  it('stays while the values fit, and becomes shorter only when they use less than a third of it', () => {
    expect(axisEnd(900, 1_000)).toBe(1_000);
    expect(axisEnd(1_001, 1_000)).toBe(2_000);
    expect(axisEnd(310, 1_000)).toBe(1_000);
    expect(axisEnd(290, 1_000)).toBe(500);
  });
});
