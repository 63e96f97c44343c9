import { expect, it } from 'vitest';
import { EventLog } from '../../src/hub/event-log.ts';
import { Stats } from '../../src/hub/stats.ts';
import { ManualClock } from '../support/clock.ts';
import { anEvent, TestBroker } from '../support/connection.ts';
import { collectGarbage } from '../support/garbage.ts';

const MIB = 1024 * 1024;
/** Node keeps longer texts outside of the heap. */
const MESSAGE_BYTES = MIB / 2;

it('the positions that connections keep hold nothing of the messages that the ids were read from', async () => {
  const positions: string[] = [];
  const broker = new TestBroker();
  const log = new EventLog({
    shards: broker,
    history: broker,
    clock: new ManualClock(),
    stats: new Stats(),
    // Room for a single event, so that the log itself holds one message at most.
    logCacheMaxBytes: 1,
  });
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 100; n++) {
    const id = `1700000000000-${n}`;
    const message = Buffer.alloc(MESSAGE_BYTES, 'x').fill(id, 0, id.length).toString('latin1');
    log.push(anEvent({ id: message.slice(0, id.length) }));
    positions.push(log.position);
  }
  await collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * MIB);
  expect(positions.at(-1)).toBe('1700000000000-99');
});
