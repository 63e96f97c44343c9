import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { OWN_RETENTION, Retention } from '../../src/model/retention.ts';
import { MemoryInterest } from '../../src/registry/memory-interest.ts';
import { Recorder } from '../broker/recorder.ts';
import { ManualClock } from '../support/clock.ts';
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
