import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { MemoryRegistry } from '../../src/registry/memory-registry.ts';
import { Recorder } from '../broker/recorder.ts';
import { ManualClock } from '../support/clock.ts';
import { describeRegistry, PLENTY } from './contract.ts';
import { aReport } from './records.ts';

describeRegistry('memory', async () => {
  const [clock, recorder] = [new ManualClock(), new Recorder()];
  const broker = new MemoryBroker({
    clock,
    bounds: { maxEvents: 1_000, maxBytes: 268_435_456, maxAgeMs: 60_000 },
  });
  await broker.start(recorder.hear);
  return {
    recorder,
    pass: (ms) => clock.advance(ms),
    node: async (options) => {
      const publish = (events: Parameters<typeof broker.publish>[0]) => broker.publish(events);
      const tell = (events: Parameters<typeof broker.tell>[0]) => broker.tell(events);
      const log = pino({ level: 'silent' });
      const registry = new MemoryRegistry({
        clock,
        publish,
        tell,
        quota: PLENTY,
        log,
        about: aReport(),
        ...options,
      });
      onTestFinished(() => registry.stop());
      await registry.start();
      return registry;
    },
  };
});
