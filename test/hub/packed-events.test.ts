import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../src/broker/redis-channel-message.ts';
import { Segment } from '../../src/hub/segment.ts';
import { START, type Cursor } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { HeardEvent, type BodyForm, type BodyReader } from '../../src/model/heard-event.ts';
import { anEvent } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

const reader: BodyReader = { readBody: () => ({ type: 't', action: 'a', key: 'k', object: 1 }) };
const MAX_BYTES = 400_000;

/** An event as a node hears it from the channel. */
function heard(
  previous: Cursor,
  id: Cursor,
  { key = 'k', bytes = '{}', form = 'canonical' }: { key?: string; bytes?: string; form?: BodyForm } = {},
) {
  const latin1 = Buffer.from(key).toString('latin1');
  const [told] = readMessage(`Ap ${previous}\xff${id}\xfft\xffa\xff${latin1}\xff${bytes}`) ?? [];
  if (told === undefined) throw new Error('The message is not one of a node.');
  return new HeardEvent(told, told.bytes, form, reader);
}

function about(event: HubEvent | undefined): unknown {
  if (!(event instanceof HeardEvent)) return event;
  const { id, previous, type, action, key, size, bytes, canonical, object } = event;
  return { id, previous, type, action, key, size, bytes, canonical, object };
}

/** What a segment answers about a position, and about one that is not in the log. */
function read(segment: Segment, from: Cursor, count: number): unknown {
  const positions = [from, from.replace('-0', '-5')];
  return [
    segment.after(from, count).map(about),
    positions.map((position) => segment.reaches(position)),
    positions.map((position) => segment.covers(position) && segment.positionOf(position)),
  ];
}

/** The same events in a segment that packs them, and in one that keeps them as objects. */
function both() {
  const [packed, plain] = [new Segment(START), new Segment(START)];
  let count = 0;
  const add = (make: (previous: Cursor, id: Cursor) => HubEvent): void => {
    const event = make(count === 0 ? START : `${count}-0`, `${++count}-0`);
    packed.pack(event);
    plain.push(event);
  };
  return { packed, plain, add, count: () => count };
}

describe('a segment that packs its events', () => {
  it('gives the same events and positions as one that keeps objects, whatever is added, read and cut', () => {
    const added = fc.record({
      key: fc.constantFrom('k', 'ключ', 'a.b', ''),
      form: fc.constantFrom<BodyForm>('canonical', 'as published', 'unmasked'),
      length: fc.constantFrom(2, 300, 8_000, 9_000),
      isObject: fc.boolean(),
    });
    const step = fc.oneof(
      added.map((of) => ({ of })),
      fc.record({ cutTo: fc.nat(40) }),
      fc.record({ readFrom: fc.nat(40), count: fc.nat(8) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { packed, plain, add, count } = both();
        const [seen, expected]: [unknown[], unknown[]] = [[], []];
        for (const each of steps) {
          if ('of' in each) {
            const { key, form, length, isObject } = each.of;
            const bytes = `{"time":"${'x'.repeat(length)}"}`;
            add((previous, id) =>
              isObject ? anEvent({ id, previous, key }) : heard(previous, id, { key, form, bytes }),
            );
          } else if ('cutTo' in each) {
            for (const segment of [packed, plain]) segment.cutTo(`${Math.min(each.cutTo, count())}-0`);
          } else {
            const from = `${each.readFrom}-0`;
            const [one, other] = [packed, plain].map((segment) => read(segment, from, each.count));
            seen.push(one);
            expected.push(other);
          }
          expect([packed.from, packed.to, packed.length]).toEqual([plain.from, plain.to, plain.length]);
        }
        expect(seen).toEqual(expected);
        expect(packed.after(START).map(about)).toEqual(plain.after(START).map(about));
        for (const segment of [packed, plain]) segment.cutTo(`${count()}-0`);
        expect(packed.bytes).toBe(new Segment(START).bytes);
      }),
      { numRuns: runs(200) },
    );
  });

  it('keeps to few blocks of memory when events of several forms, large events and readers take turns', () => {
    const { packed, add } = both();
    const { arrayBuffers } = process.memoryUsage();
    for (let i = 0; i < 1_500; i++) {
      const form = (['canonical', 'as published', 'unmasked'] as const)[i % 3];
      add((previous, id) =>
        heard(previous, id, { bytes: i % 5 === 0 ? 'x'.repeat(9_000) : '{}', form: form ?? 'unmasked' }),
      );
      packed.after(`${i - 1}-0`);
    }
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(2_000_000);
    expect(packed.after(START)).toHaveLength(1_500);
  });

  it('makes an event once, so that readers share it', () => {
    const { packed, add } = both();
    for (let i = 0; i < 3; i++) add(heard);
    expect(packed.after('1-0')).toHaveLength(2);
    expect(packed.after('1-0')[0]).toBe(packed.after(START)[1]);
  });

  it('counts the memory of the events that were made again, and stays within its bytes', () => {
    const { packed, plain, add } = both();
    for (let i = 0; i < 2_000; i++) {
      add((previous, id) => heard(previous, id, { bytes: 'x'.repeat(500) }));
      packed.cut(MAX_BYTES);
      plain.cut(MAX_BYTES);
    }
    expect(packed.length).toBeGreaterThan(2 * plain.length);
    const { bytes } = packed;
    packed.after(START);
    expect(packed.bytes).toBeGreaterThan(2 * bytes);
    packed.cut(MAX_BYTES);
    expect(packed.bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  it('begins again without the events before', () => {
    const { packed, add } = both();
    add(heard);
    expect(packed.after(START)[0]).toBeInstanceOf(HeardEvent);
    packed.beginAt('7-0');
    packed.pack(heard('7-0', '8-0'));
    expect(packed.after('7-0').map(({ id, previous }) => [id, previous])).toEqual([['8-0', '7-0']]);
  });
});
