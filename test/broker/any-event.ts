import * as fc from 'fast-check';
import type { NewEvent } from '../../src/model/event.ts';
import type { Json } from '../../src/model/json.ts';

/** An arbitrary for any event that the hub accepts, times included. */
export function anyEvent(): fc.Arbitrary<NewEvent> {
  const text = fc.string({ unit: 'binary' });
  const name = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((type) => !['belfry', 'websocket'].includes(type));
  // JSON has no -0.
  const json = fc
    .jsonValue()
    .map((value) => JSON.stringify(value))
    .map((written) => JSON.parse(written) as Json);
  const time = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
  return fc
    .record(
      {
        time: time.map((date) => date.toISOString()),
        type: name,
        action: name,
        key: text,
        principal: text,
        object: json,
        original: json,
        metadata: fc.dictionary(text, json),
      },
      { requiredKeys: ['time', 'type', 'action', 'key', 'object'] },
    )
    .filter(lacksProto);
}

/** The only field name that the hub refuses. */
function lacksProto(event: unknown): boolean {
  return !JSON.stringify(event).includes('"__proto__":');
}
