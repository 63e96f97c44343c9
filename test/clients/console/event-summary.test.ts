import { expect, it } from 'vitest';
import { summaryOf } from '../../../src/clients/console/src/live/event-summary.ts';

it('a row says how many bytes an event has, and not how many characters', () => {
  const text = '{"id":"1-0","time":"","type":"a","action":"b","key":"Zürich 🌧"}';
  expect(summaryOf({ kind: 'event', id: '1-0', text }).bytes).toBe(Buffer.byteLength(text));
});
