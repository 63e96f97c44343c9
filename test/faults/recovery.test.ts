import { describe, expect, it } from 'vitest';
import { recoveryOf, type Looked } from './recovery.ts';
import { FAULTS } from './scenarios.ts';

const SCENARIO = { fault: FAULTS.nodeKilled, state: 'AOF' } as const;

const accepted = (...times: readonly number[]): Looked['publishers'][number]['accepted'] =>
  times.map((at, i) => ({ type: 't', key: 'k', n: i + 1, id: `${i + 1}-0`, at }));

const clientOf = (...heardAt: readonly number[]): Looked['clients'][number] => ({
  from: '0-0',
  heard: heardAt.map((_, i) => ({ key: 'k', n: i + 1, id: `${i + 1}-0` })),
  heardAt: [...heardAt],
  gaps: [],
});

const publisherOf = (
  promise: 'exactly' | 'live',
  ...times: readonly number[]
): Looked['publishers'][number] => ({
  entryPoint: { promise },
  accepted: [...accepted(...times)],
  unsure: new Map(),
});

describe('the recovery after a fault', () => {
  it('ends when the last client hears an event that was published after the fault was over', () => {
    const stage: Looked = {
      // The third event was under way when the fault was over, and says nothing.
      publishers: [publisherOf('exactly', 10, 20, 101, 130, 140)],
      // The second client hears what it missed first, which is not yet a recovery.
      clients: [clientOf(11, 21, 102, 131, 141), clientOf(11, 250, 255, 260, 270)],
      overAt: [100],
    };
    expect(recoveryOf(SCENARIO, stage, 50)).toMatchObject({
      heardAgainMs: 160,
      acceptedAgainMs: 30,
      silentMs: 239,
      refusedMs: 81,
      events: 5,
      deliveries: 10,
      wrong: 0,
    });
  });

  it('counts a fault that happens several times from each of its ends', () => {
    const stage: Looked = {
      publishers: [publisherOf('exactly', 10, 105, 106, 310, 312)],
      clients: [clientOf(11, 106, 107, 311, 313)],
      overAt: [100, 200],
    };
    expect(recoveryOf(SCENARIO, stage, 50)).toMatchObject({ heardAgainMs: 113, acceptedAgainMs: 112 });
  });

  it('is not shown by an event that is live only', () => {
    const live = publisherOf('live', 110, 120);
    const kept = {
      ...publisherOf('exactly'),
      accepted: [130, 150].map((at, i) => ({ type: 't', key: 'kept', n: i + 1, id: `${i + 1}-0`, at })),
    };
    const client = {
      from: '0-0',
      heard: [
        { key: 'k', n: 2, id: undefined },
        { key: 'kept', n: 2, id: '2-0' },
      ],
      heardAt: [121, 190],
      gaps: [],
    };
    const found = recoveryOf(SCENARIO, { publishers: [live, kept], clients: [client], overAt: [100] }, 50);
    expect(found.heardAgainMs).toBe(90);
  });

  it('asks nothing of a client that wants nothing of what was published afterwards', () => {
    const other = { ...clientOf(11), wants: (_type: string, key: string) => key === 'other' };
    const stage: Looked = {
      publishers: [publisherOf('exactly', 10, 110, 120)],
      clients: [clientOf(11, 111, 121), other],
      overAt: [100],
    };
    expect(recoveryOf(SCENARIO, stage, 50).heardAgainMs).toBe(21);
  });

  it('counts what a client missed and what it heard twice', () => {
    const twice = clientOf(11, 12, 13);
    const stage: Looked = {
      publishers: [publisherOf('exactly', 10, 110, 120)],
      clients: [
        clientOf(11, 111),
        { ...twice, heard: [...twice.heard.slice(0, 2), ...twice.heard.slice(1, 3)] },
      ],
      overAt: [100],
    };
    // The repeated event has an id and a number that do not rise.
    expect(recoveryOf(SCENARIO, stage, 50).wrong).toBe(3);
  });

  it('is unknown, and no number, for a client that hears nothing afterwards', () => {
    const stage: Looked = {
      publishers: [publisherOf('exactly', 10, 110, 120)],
      clients: [clientOf(11, 111, 121), clientOf(11)],
      overAt: [100],
    };
    expect(recoveryOf(SCENARIO, stage, 50).heardAgainMs).toBeNaN();
  });
});
