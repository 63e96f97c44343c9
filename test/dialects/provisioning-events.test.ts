import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { provisioning } from '../../src/dialects/provisioning.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { parseJson, type Json } from '../../src/model/json.ts';
import { EVENT_TYPES, open } from './provisioning-helpers.ts';
import { runs } from '../support/runs.ts';

describe('a provisioning event', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
  const object = fc.dictionary(fc.string(), json, { maxKeys: 3, noNullPrototype: true });
  const wire = fc
    .record({
      event_type: fc.oneof(
        fc.constantFrom(...EVENT_TYPES),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.constantFrom('task', 'custom', 'a.b,c*', '\\1', ',"timestamp":"', 'constructor'),
      ),
      timestamp: fc.constantFrom('2025-10-02T07:15:09Z', '2025-10-02t07:15:09.1200+05:30'),
      data: fc.oneof(
        object.map((data) => ({ task_id: 'x', component: 'y', ...data })),
        json,
      ),
      metadata: object,
    })
    .filter((event) => !JSON.stringify(event).includes('__proto__'));

  it('of any event type becomes a canonical one and is read back without loss', () => {
    fc.assert(
      fc.property(wire, (event) => {
        const canonical = provisioning.publishing?.parse(parseJson(JSON.stringify(event))) as HubEvent;
        expect(provisioning.encode(canonical)).toBe(JSON.stringify(event));
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('of each event type is a different event in the hub', () => {
    fc.assert(
      fc.property(wire, wire, (one, two) => {
        const [a, b] = [one, two].map(
          (event) => provisioning.publishing?.parse(event as unknown as Json) as HubEvent,
        );
        const same = a?.type === b?.type && a?.action === b?.action;
        expect(same).toBe(one.event_type === two.event_type);
      }),
    );
  });

  it('has the same text in a batch as alone, and the batch has the time of its last event', async () => {
    const { encoding } = await open('/ws?batch_size=5');
    fc.assert(
      fc.property(fc.array(wire, { minLength: 2, maxLength: 5 }), (events) => {
        const texts = events.map((event) => JSON.stringify(event));
        const frame = encoding?.batch?.join(texts) ?? '';
        expect(JSON.parse(frame)).toEqual(
          JSON.parse(JSON.stringify({ type: 'batch', timestamp: events.at(-1)?.timestamp, events })),
        );
        expect(Object.keys(JSON.parse(frame) as object)).toEqual(['type', 'timestamp', 'events']);
      }),
    );
  });
});
