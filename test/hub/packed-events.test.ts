import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Segment } from '../../src/hub/segment.ts';
import { topicHashesOf, type TopicHash } from '../../src/hub/topic-hash.ts';
import { START, type Cursor } from '../../src/model/cursor.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { HeardEvent, type BodyForm } from '../../src/model/heard-event.ts';
import { anEvent } from '../support/connection.ts';
import { heardEvent as heard } from '../support/heard-event.ts';
import { runs } from '../support/runs.ts';

const MAX_BYTES = 400_000;

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

/** The hashes by which a client looks for the events of one key. */
function topicsNamed(key: string): readonly TopicHash[] | undefined {
  return topicHashesOf([{ name: key, pattern: Pattern.of('t', 'a', key), filters: [] }]);
}

/** What a client finds after a position that wants one key, and may have named it. */
function ofKey(segment: Segment, from: Cursor, key: string, topics?: readonly TopicHash[]): unknown[] {
  return segment
    .after(from, Number.POSITIVE_INFINITY, topics)
    .filter((event) => event.key === key)
    .map(about);
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
      fc.record({ readFrom: fc.nat(40), count: fc.nat(8), key: fc.constantFrom('k', 'ключ', 'other') }),
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
            seen.push(one, ofKey(packed, from, each.key, topicsNamed(each.key)));
            expected.push(other, ofKey(plain, from, each.key));
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

  it('makes only the events of the topics that somebody names, of thousands in several blocks', () => {
    const { packed, add } = both();
    const keyOf = (n: number): string => (n % 700 === 699 ? 'ключ' : `k${n}`);
    for (let n = 0; n < 3_000; n++) add((previous, id) => heard(previous, id, { key: keyOf(n) }));
    const found = packed.after('800-0', 2, topicsNamed('ключ'));
    expect(found.map(({ id, previous, key }) => [id, previous, key])).toEqual([
      ['1400-0', '1399-0', 'ключ'],
      ['2100-0', '2099-0', 'ключ'],
    ]);
    expect(packed.after('2800-0', 256, topicsNamed('ключ'))).toEqual([]);
    add((previous, id) => heard(previous, id, { key: 'ключ' }));
    expect(packed.after('2800-0', 256, topicsNamed('ключ')).map(({ id }) => id)).toEqual(['3001-0']);
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
