import { MemoryBroker } from '../../src/broker/memory-broker.ts';
import { systemClock } from '../../src/model/clock.ts';
import { describeBroker } from './contract.ts';

const bounds = { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 60_000 };

describeBroker(
  'memory',
  () => ({ node: (options) => new MemoryBroker({ clock: systemClock, bounds, ...options }) }),
  { alone: 'a memory broker is one node by itself' },
);
