import { describe, expect, it } from 'vitest';
import { disorder, missing, type PublishedBy } from './checker.ts';
import type { Gap, Heard } from './client.ts';

const heardOf = (...events: readonly (readonly [n: number, id: string])[]): Heard[] =>
  events.map(([n, id]) => ({ key: 'k', n, id }));

const publisher = (
  promise: PublishedBy['entryPoint']['promise'],
  unsure: Record<string, number> = {},
): PublishedBy => ({
  entryPoint: { promise },
  accepted: [1, 2, 3].map((n) => ({ type: 't', key: 'k', n, id: `${n}-0`, at: n })),
  unsure: new Map(Object.entries(unsure)),
});

const gap = (from: string, to: string, reason: string, after: number): Gap => ({
  from,
  to,
  reason,
  after,
  at: 2.5,
});

const ALL = heardOf([1, '1-0'], [2, '2-0'], [3, '3-0']);

describe('the checker', () => {
  it('finds no fault with a client that heard everything once and in order', () => {
    const client = { from: '0-0', heard: ALL, gaps: [] };
    expect(missing(client, [publisher('exactly')])).toEqual([]);
    expect(disorder(client, [publisher('exactly')])).toEqual([]);
  });

  it('finds a lost event', () => {
    const client = { from: '0-0', heard: heardOf([1, '1-0'], [3, '3-0']), gaps: [] };
    expect(missing(client, [publisher('exactly')])).toEqual(['lost: k 2 (2-0)']);
    expect(missing(client, [publisher('at least')])).toEqual(['lost: k 2 (2-0)']);
    expect(missing(client, [publisher('live')])).toEqual([]);
  });

  it('finds a lost entry of the ingress, whose id is not known', () => {
    const entries = {
      ...publisher('at least'),
      accepted: [{ type: 't', key: 'k', n: 4, id: undefined, at: 4 }],
    };
    const client = { from: '0-0', heard: ALL, gaps: [] };
    expect(missing(client, [entries])).toEqual(['lost: k 4 (undefined)']);
    expect(missing({ ...client, heard: [...ALL, { key: 'k', n: 4, id: '4-0' }] }, [entries])).toEqual([]);
  });

  it('expects of a client only the events after its subscription', () => {
    const client = { from: '2-0', heard: heardOf([3, '3-0']), gaps: [] };
    expect(missing(client, [publisher('exactly')])).toEqual([]);
  });

  it('excuses a lost event only by a gap that covers it', () => {
    const heard = heardOf([1, '1-0']);
    const lost = (told: Gap): string[] =>
      missing({ from: '0-0', heard, gaps: [told] }, [publisher('exactly')]);
    expect(lost(gap('1-0', '3-0', 'trimmed', 1))).toEqual([]);
    expect(lost(gap('1-0', '2-0', 'trimmed', 1))).toEqual(['lost: k 3 (3-0)']);
    expect(lost(gap('2-0', '3-0', 'trimmed', 1))).toEqual(['lost: k 2 (2-0)']);
    // Events that were accepted after the client was told of the loss are in the new log.
    expect(lost(gap('1-0', '0-0', 'log lost', 1))).toEqual(['lost: k 3 (3-0)']);
  });

  it('finds an event that was heard twice, under one id or under two', () => {
    const twice = { from: '0-0', heard: heardOf([1, '1-0'], [1, '1-0']), gaps: [] };
    expect(disorder(twice, [publisher('exactly')])).toEqual([
      'doubled: k 1 (1-0 after 1-0)',
      'again: k 1 (1-0) after k 1',
    ]);
    const anew = { from: '0-0', heard: heardOf([1, '1-0'], [1, '2-0']), gaps: [] };
    expect(disorder(anew, [publisher('exactly', { 'k 1': 1 })])).toEqual(['again: k 1 (2-0) after k 1']);
  });

  it('excuses one repetition for each lost answer, where the hub could not recognise the repetition', () => {
    const heard = heardOf([1, '1-0'], [1, '2-0'], [1, '3-0']);
    expect(disorder({ from: '0-0', heard, gaps: [] }, [publisher('at least', { 'k 1': 2 })])).toEqual([]);
    expect(disorder({ from: '0-0', heard, gaps: [] }, [publisher('at least', { 'k 1': 1 })])).toEqual([
      'again: k 1 (3-0) after k 1',
    ]);
    const lost = { from: '0-0', heard, gaps: [gap('1-0', '0-0', 'log lost', 1)] };
    expect(disorder(lost, [publisher('exactly', { 'k 1': 2 })])).toEqual([]);
  });

  it('finds events out of order, by their ids and by their numbers', () => {
    const byId = { from: '0-0', heard: heardOf([1, '2-0'], [2, '1-0']), gaps: [] };
    expect(disorder(byId, [publisher('exactly')])).toEqual(['out of order: k 2 (1-0 after 2-0)']);
    const byNumber = { from: '0-0', heard: heardOf([2, '1-0'], [1, '2-0']), gaps: [] };
    expect(disorder(byNumber, [publisher('exactly')])).toEqual(['again: k 1 (2-0) after k 2']);
  });

  it('lets the ids begin anew after a lost log, and only then', () => {
    const heard = heardOf([1, '5-0'], [2, '1-0'], [3, '2-0']);
    expect(disorder({ from: '0-0', heard, gaps: [gap('5-0', '0-0', 'log lost', 1)] }, [])).toEqual([]);
    const wrong = ['out of order: k 2 (1-0 after 5-0)'];
    expect(disorder({ from: '0-0', heard, gaps: [gap('5-0', '0-0', 'log lost', 2)] }, [])).toEqual(wrong);
    expect(disorder({ from: '0-0', heard, gaps: [gap('5-0', '6-0', 'trimmed', 1)] }, [])).toEqual(wrong);
  });
});
