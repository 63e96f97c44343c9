import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../src/model/close-codes.ts';

const codes = Object.values(CLOSE);

describe('a close code', () => {
  it.each(Object.entries(CLOSE))('%s has a reason that fits into a control frame', (_name, { reason }) => {
    expect(reason).not.toBe('');
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it('is one that a close frame may carry: assigned by RFC 6455 and its registry, or private', () => {
    const reserved = [1004, 1005, 1006, 1015];
    for (const { code } of codes) {
      expect(reserved).not.toContain(code);
      expect((code >= 1000 && code <= 1014) || (code >= 4000 && code <= 4999)).toBe(true);
    }
  });

  it('has one meaning', () => {
    expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
  });

  it('tells clients to reconnect where the cause is no fault of theirs', () => {
    const retry = codes.filter((close) => close.retry).map(({ code }) => code);
    expect(retry).toEqual([1001, 1012, 1013, 4001, 4008, 4029]);
  });
});
