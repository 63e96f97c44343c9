import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recent } from '../../src/hub/recent.ts';
import { START } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { anEvent, startHub, TestBroker } from '../support/connection.ts';
import { isForgotten } from '../support/garbage.ts';
import { runs } from '../support/runs.ts';

const logged = (n: number, previous: number, size = 100): HubEvent =>
  anEvent({ id: `${n}-0`, previous: `${previous}-0`, size });
const ids = (recent: Recent, cursor: string): (string | undefined)[] =>
  recent.after(cursor).map(({ id }) => id);

function pushed(recent: Recent, n: number, size: number): HubEvent {
  const event = logged(n, n - 1, size);
  recent.push(event);
  return event;
}

function filled(maxEvents: number, count: number, size?: number): Recent {
  const recent = new Recent(maxEvents);
  for (let n = 1; n <= count; n++) recent.push(logged(n, n - 1, size));
  return recent;
}

describe('the recent events', () => {
  it('give everything after a place that they cover', () => {
    const recent = filled(10, 5);
    expect(ids(recent, START)).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
    expect(ids(recent, '3-0')).toEqual(['4-0', '5-0']);
    expect(ids(recent, '3-7')).toEqual(['4-0', '5-0']);
    expect(ids(recent, '5-0')).toEqual([]);
    expect(recent.position).toBe('5-0');
  });

  it('cover what joins the oldest of them up to their last, and nothing else', () => {
    const recent = filled(3, 5);
    expect(['1-0', '2-0', '2-1', '5-0', '5-1'].map((cursor) => recent.covers(cursor))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('cover the place where the node began, before anything came', () => {
    const recent = new Recent(3);
    recent.startAt('7-0');
    expect(recent.covers('7-0')).toBe(true);
    expect(recent.covers('6-0')).toBe(false);
    expect(recent.covers('8-0')).toBe(false);
    expect(recent.after('7-0')).toEqual([]);
  });

  it('begin anew after a gap', () => {
    const recent = filled(10, 3);
    recent.push(logged(9, 8));
    expect(recent.covers('3-0')).toBe(false);
    expect(recent.covers('8-0')).toBe(true);
    expect(ids(recent, '8-0')).toEqual(['9-0']);
  });

  it('are not those that are not in the log', () => {
    const recent = filled(10, 2);
    recent.push(anEvent());
    expect(recent.position).toBe('2-0');
    expect(ids(recent, START)).toHaveLength(2);
  });

  it('are bounded by 32 MiB of what they take, and keep the last one however large', () => {
    const recent = filled(1_000, 40, 1024 * 1024);
    // Twice the length of its JSON each, and what holds that.
    expect(ids(recent, '25-0')).toHaveLength(15);
    expect(recent.covers('24-0')).toBe(false);
    recent.push(logged(41, 40, 100 * 1024 * 1024));
    expect(ids(recent, '40-0')).toEqual(['41-0']);
    expect(recent.covers('39-0')).toBe(false);
  });

  it('hold nothing of what they no longer keep, be they few and large', async () => {
    const recent = new Recent(1_000);
    const gone = new WeakRef(pushed(recent, 1, 12 * 1024 * 1024));
    const kept = new WeakRef(pushed(recent, 2, 12 * 1024 * 1024));
    expect(await isForgotten(gone)).toBe(true);
    expect(await isForgotten(kept)).toBe(false);
    expect(recent.position).toBe('2-0');
  });

  it('may be none', () => {
    const recent = filled(0, 5);
    expect(recent.covers('5-0')).toBe(true);
    expect(recent.covers('4-0')).toBe(false);
    expect(recent.after('5-0')).toEqual([]);
  });

  it('agree with a list that is cut at every event', () => {
    const bound = fc.nat(5);
    const pushes = fc.array(fc.record({ gap: fc.nat({ max: 6 }), size: fc.nat(8) }), { maxLength: 40 });
    fc.assert(
      fc.property(bound, pushes, (maxEvents, steps) => {
        const recent = new Recent(maxEvents);
        let kept: { id: number; previous: number; bytes: number }[] = [];
        let last = 0;
        for (const { gap, size } of steps) {
          const previous = gap === 6 ? last + 2 : last;
          const id = previous + 1;
          const bytes = size * 1024 * 1024;
          recent.push(logged(id, previous, bytes));
          kept = [...(previous === last ? kept : []), { id, previous, bytes }].slice(-maxEvents || Infinity);
          if (maxEvents === 0) kept = [];
          while (
            kept.length > 1 &&
            kept.reduce((sum, event) => sum + 2 * event.bytes + 512, 0) > 32 * 1024 * 1024
          ) {
            kept.shift();
          }
          last = id;
          const start = kept[0]?.previous ?? last;
          for (let cursor = 0; cursor <= last + 1; cursor++) {
            expect(recent.covers(`${cursor}-0`)).toBe(cursor >= start && cursor <= last);
            if (cursor < start || cursor > last) continue;
            expect(ids(recent, `${cursor}-0`)).toEqual(
              kept.filter((event) => event.id > cursor).map((event) => `${event.id}-0`),
            );
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('a hub that starts', () => {
  it('stands where the broker began to deliver', async () => {
    const { hub, broker } = await startHub();
    expect(hub.eventLog.position).toBe(START);
    broker.append();
    expect(hub.eventLog.position).toBe('1-0');
  });

  it('forgets nothing that was delivered before the broker had said where it began', async () => {
    class EagerBroker extends TestBroker {
      override async start(deliver: (event: HubEvent) => void): Promise<string> {
        deliver(anEvent({ id: '6-0', previous: '5-0' }));
        return '5-0';
      }
    }
    const { hub } = await startHub({ broker: new EagerBroker() });
    expect(hub.eventLog.position).toBe('6-0');
    expect(hub.eventLog.recent.after('5-0')).toHaveLength(1);
  });
});
