import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { INTEREST_HOLD_MS } from '../../src/model/interest.ts';
import { OWN_RETENTION, Retention } from '../../src/model/retention.ts';
import { MemoryInterest } from '../../src/registry/memory-interest.ts';
import { Recorder } from '../broker/recorder.ts';
import { ManualClock } from '../support/clock.ts';
import { topics } from './contract.ts';
import { describeInterest, INTEREST_LIMITS } from './interest-contract.ts';

describeInterest('memory', async () => {
  const [clock, recorder] = [new ManualClock(), new Recorder()];
  const broker = new MemoryBroker({
    clock,
    bounds: { maxEvents: 1_000, maxBytes: 268_435_456, maxAgeMs: 60_000 },
    retention: new Retention(OWN_RETENTION),
  });
  await broker.start(recorder.hear);
  return {
    recorder,
    pass: (ms) => {
      clock.turn();
      clock.advance(ms);
    },
    retained: async () => (await broker.latest('interest')).events.map(({ key }) => key),
    node: async (limits) => {
      const node = new MemoryInterest({
        clock,
        limits: { ...INTEREST_LIMITS, ...limits },
        publish: (events) => broker.publish(events),
        log: pino({ level: 'silent' }),
      });
      onTestFinished(() => node.stop());
      await node.start();
      return node;
    },
  };
});

describe('the hold of 30 s', () => {
  it('is kept to the second, and begins anew with each listener that leaves', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const node = new MemoryInterest({
      clock,
      limits: { ...INTEREST_LIMITS, holdMs: INTEREST_HOLD_MS },
      publish: async (events) => void told.push(...topics(events)),
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => node.stop());
    await node.start();
    const set = (isHeard: boolean): void => {
      node.set('container.log.42', isHeard);
      clock.turn();
    };
    set(true);
    clock.advance(100_000);
    for (let reload = 0; reload < 3; reload++) {
      set(false);
      clock.advance(29_000);
      set(true);
    }
    clock.advance(100_000);
    set(false);
    clock.advance(29_000);
    expect(told).toEqual(['interest.begin.container.log.42']);
    clock.advance(1_000);
    expect(told).toEqual(['interest.begin.container.log.42', 'interest.end.container.log.42']);
    set(true);
    expect(told.slice(2)).toEqual(['interest.begin.container.log.42']);
  });
});
