import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, heardJson, type HubEvent, type NewEvent } from '../../src/model/event.ts';
import {
  changed,
  HeardEvent,
  traced,
  usualEvent,
  type BodyForm,
  type BodyReader,
} from '../../src/model/heard-event.ts';
import { readJson, valueOf } from '../../src/model/json.ts';
import { anyEvent } from '../broker/any-event.ts';
import { parseEvent, parseLogged } from '../support/formats.ts';
import { runs } from '../support/runs.ts';

const PREVIOUS = '1-0';
const ID = '1737-0';

/** Reads as a node does, and counts how often it was asked. */
class Reader implements BodyReader {
  read = 0;

  readBody({ bytes }: HeardEvent): NewEvent | undefined {
    this.read++;
    try {
      return parseLogged(readJson(Buffer.from(bytes, 'latin1')));
    } catch {
      return undefined;
    }
  }
}

function heard(
  event: NewEvent,
  body: string | Buffer,
  form: BodyForm = 'canonical',
  reader = new Reader(),
): HeardEvent {
  const heading = { id: ID, previous: PREVIOUS, type: event.type, action: event.action, key: event.key };
  return new HeardEvent(heading, Buffer.from(body).toString('latin1'), form, reader);
}

const EVENT = { time: '2025-01-15T10:30:00Z', type: 'a', action: 'b', key: 'k', object: { n: 1 } };

describe('an event as a node hears it', () => {
  it('has the JSON that a node makes of it, to the letter, whatever it holds', () => {
    fc.assert(
      fc.property(anyEvent(), (event) => {
        const reader = new Reader();
        const json = canonicalJson(event);
        const expected = heardJson({ ...event, id: ID, size: 0 } as HubEvent);
        expect(heardJson(heard(event, json, 'canonical', reader))).toBe(expected);
        expect(reader.read).toBe(0);
        expect(heardJson(heard(event, json, 'unmasked'))).toBe(expected);
      }),
      { numRuns: runs(100) },
    );
  });

  it.each([
    '{"type":"a","action":"b","key":"k","object":{"b":1.0,"a":1e400}}',
    '{"type":"a","action":"b","key":"k","object": {"b" : 1}}',
    '{"type":"a","action":"b","key":"k","object":{"b":1} }',
    '{"type":"a","action":"b","key":"k","object":{"b":\n1}}',
    '{"type":"a","action":"b","key":"k","object":1,"object":2}',
    '{"type":"a","action":"b","key":"k","object":1,"principal":"user:x"}',
    '{"type":"a","action":"b","key":"\\u006b","object":"}"}',
    '{"type":"a","action":"b","key":"k","object":null}',
    '{"key":"k", "object" : [ 1,2 ] ,"type":"a","action":"b","principal":"user:x","metadata":{"x":1}}',
    '{"type":"a","action":"b","key":"k","original":null,"object":"é😀\\u0000"}',
    '{"Type":"a","Action":"b","Key":"k","Object":{"Name":"x"}}',
    '{"id":"5-0","type":"a","action":"b","key":"k","time":"2025-01-15T10:30:00.123456789+01:00","object":1}',
  ])('has the JSON of the event that was published in any other format: %s', (body) => {
    const event = parseEvent(readJson(body));
    const plain: HubEvent = { ...event, id: ID, time: event.time ?? '1970-01-01T00:00:01.737Z', size: 0 };
    expect(heardJson(heard(event, body, 'as published'))).toBe(heardJson(plain));
  });

  it('has the JSON of the event as most publishers write it, to the letter, whatever it holds', () => {
    fc.assert(
      fc.property(anyEvent(), ({ type, action, key, object }) => {
        const event = { type, action, key, object };
        const plain: HubEvent = { ...event, id: ID, time: '1970-01-01T00:00:01.737Z', size: 0 };
        const reader = new Reader();
        const published = heard(event, JSON.stringify(event), 'as published', reader);
        expect(heardJson(published)).toBe(heardJson(plain));
      }),
      { numRuns: runs(100) },
    );
  });

  it.each([
    '{"type":"a","action":"b","key":"k","object":{"n":[1,"}"]}}',
    '{"type":"é","action":"b,c","key":"","object":null}',
  ])('is known by its text where it is written as usual: %s', (text) => {
    const event = usualEvent(text);
    expect(event).toEqual({ ...parseEvent(readJson(text)), object: expect.anything() as unknown });
    expect(event && heardJson({ ...event, time: 't', size: 0 })).toBe(`{"time":"t",${text.slice(1)}`);
  });

  it.each([
    '{"type":"a","action":"b","key":"k","object":{"n":1},"time":"2025-01-15T10:30:00Z"}',
    '{"type":"a","action":"b","key":"k","object":{"n":1}',
    '{"type":"a","action":"b","key":"k","object":{"__proto__":1}}',
    '{"type":"a","action":"b","key":"k","object":01}',
    '{"type":"a","action":"b","key":"k","object":{"n":\n1}}',
    '{"type":"","action":"b","key":"k","object":1}',
    '{"type":"a","action":"b\u0000","key":"k","object":1}',
    '{"type":"a","action":"b","key":"\\u006b","object":1}',
    ' {"type":"a","action":"b","key":"k","object":1}',
    '[{"type":"a","action":"b","key":"k","object":1}]',
  ])('is read in full where its text is any other: %s', (text) => {
    expect(usualEvent(text)).toBeUndefined();
  });

  it('is not read for a native client where it is written as usual', () => {
    const reader = new Reader();
    const { time: _none, ...event } = EVENT;
    const published = heard(event, JSON.stringify(event), 'as published', reader);
    expect(heardJson(published)).toBe(
      '{"id":"1737-0","time":"1970-01-01T00:00:01.737Z","type":"a","action":"b","key":"k","object":{"n":1}}',
    );
    expect(reader.read).toBe(0);
  });

  it('parses its body once, and only when somebody asks for what stands there', () => {
    const reader = new Reader();
    const event = heard(EVENT, canonicalJson(EVENT), 'canonical', reader);
    expect([event.id, event.previous, event.type, event.action, event.key, event.size]).toEqual([ID, PREVIOUS, 'a', 'b', 'k', canonicalJson(EVENT).length]); // prettier-ignore
    expect(event.mayHold('traceparent')).toBe(false);
    expect(reader.read).toBe(0);
    expect(valueOf(event.object)).toEqual({ n: 1 });
    expect([event.time, event.principal, event.original, event.metadata]).toEqual([EVENT.time, undefined, undefined, undefined]); // prettier-ignore
    expect(reader.read).toBe(1);
  });

  it.each(['no JSON', '{"time":"x"}', '{"type":1}'])(
    'has no values where its body is rejected: %s',
    (body) => {
      const reader = new Reader();
      const event = heard(EVENT, body, 'as published', reader);
      expect(event.isUnreadable).toBe(false);
      expect([event.time, event.object, event.metadata]).toEqual([
        '1970-01-01T00:00:01.737Z',
        null,
        undefined,
      ]);
      expect(event.isUnreadable).toBe(true);
      expect(reader.read).toBe(1);
    },
  );

  it.each(['\x80', '{"time":"2025\xff"}', 'no JSON', '{"type":"a"}'])(
    'is not passed on unread where its body cannot be canonical: %j',
    (bytes) => {
      const { id, previous, type, action, key } = heard(EVENT, '');
      const event = new HeardEvent({ id, previous, type, action, key }, bytes, 'canonical', new Reader());
      expect(event.canonical).toBeUndefined();
    },
  );

  it('may hold a name that its body names plainly or by escapes', () => {
    for (const name of ['traceparent', 'tracepa\\u0072ent'])
      expect(heard(EVENT, `{"metadata":{"${name}":"x"}}`).mayHold('traceparent')).toBe(true);
  });

  it('becomes a plain event with other values, and keeps them all in a trace', () => {
    const event = heard(EVENT, canonicalJson(EVENT));
    const other = changed(event, { object: 'masked' });
    expect(other).toEqual({ ...EVENT, object: 'masked', id: ID, previous: PREVIOUS, size: event.size });
    const trace = { taken: () => undefined, flushed: () => undefined };
    expect(traced(event, trace)).toBe(event);
    expect([event.trace, changed(event, {}).trace]).toEqual([trace, trace]);
    expect(traced({ ...EVENT, size: 0 }, trace)).toEqual({ ...EVENT, size: 0, trace });
  });
});
