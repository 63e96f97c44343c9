import { describe, expect, it } from 'vitest';
import { parseTraceparent, traceparentOf } from '../../src/model/trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    ['sampled', `00-${TRACE}-${SPAN}-01`, true],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, false],
    ['with flags that nobody knows yet', `00-${TRACE}-${SPAN}-03`, true],
    ['of a version to come', `cc-${TRACE}-${SPAN}-01`, true],
    ['of a version to come, with more', `01-${TRACE}-${SPAN}-01-what-the-future-holds`, true],
  ])('is read that is %s', (_what, text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    ['empty', ''],
    ['no text', 7],
    ['of the version ff', `ff-${TRACE}-${SPAN}-01`],
    ['of version 00 with more', `00-${TRACE}-${SPAN}-01-more`],
    ['of a version to come, with more but no hyphen', `01-${TRACE}-${SPAN}-01more`],
    ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['of trace zero', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['of parent zero', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['sent twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])('is as if it were not there when it is %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('is written as it was read', () => {
    for (const text of [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-00`])
      expect(traceparentOf(parseTraceparent(text) as never)).toBe(text);
  });
});
