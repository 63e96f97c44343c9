import { expect, it } from 'vitest';
import { bodyOf } from '../../../src/clients/console/src/inspector/event-body.ts';
import { factsOf } from '../../../src/clients/console/src/inspector/event-facts.ts';

const TEXT =
  '{"id":"1-0","time":"2026-01-01T00:00:00Z","type":"deploy","action":"done","key":"a.b","principal":"user:ada","object":{"n":12345678901234567890123,"x":1.0},"metadata":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}';

it('an event is published again as it is written, without what the hub sets itself', () => {
  expect(bodyOf(TEXT)).toBe(
    '{"type":"deploy","action":"done","key":"a.b","object":{"n":12345678901234567890123,"x":1.0},"metadata":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}',
  );
});

it('the facts of an event name its trace, and its size in bytes', () => {
  expect(factsOf(TEXT)).toMatchObject({
    id: '1-0',
    principal: 'user:ada',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    original: undefined,
    bytes: TEXT.length,
  });
  expect(
    factsOf('{"type":"a","action":"b","key":"ü","object":null,"metadata":{"traceparent":7}}'),
  ).toMatchObject({
    id: undefined,
    traceId: undefined,
    bytes: 79,
  });
});
