import { describe, expect, it } from 'vitest';
import { topicHashesOf } from '../../src/hub/topic-hash.ts';
import { Pattern } from '../../src/model/pattern.ts';

const hashes = (...texts: readonly string[]) =>
  topicHashesOf(texts.map((name) => ({ name, pattern: Pattern.parse(name), filters: [] })));

describe('the topics that subscriptions name', () => {
  it('have a hash each, with comma lists expanded', () => {
    expect(hashes('a.b.c', 'a,x.b.c,d')).toHaveLength(5);
    expect(new Set(hashes('a.b.c', 'a,x.b.c,d')).size).toBe(4);
  });

  it('differ where the same letters stand in other parts', () => {
    expect(new Set(hashes('ab.c.d', 'a.bc.d', 'a.b.cd')).size).toBe(3);
  });

  it('are not known with a wildcard in any part, but are with a star as a value', () => {
    expect(['*.b.c', 'a.*.c', 'a.b.*'].map((text) => hashes('a.b.c', text))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(hashes('a.b.\\3')).toHaveLength(1);
  });

  it('are not looked up one by one when there are many', () => {
    const keys = Array.from({ length: 17 }, (_, n) => n);
    expect(hashes(`a.b.${keys.slice(1).join()}`)).toHaveLength(16);
    expect(hashes(`a.b.${keys.join()}`)).toBeUndefined();
  });

  it('are none for a pattern that matches nothing', () => {
    expect(topicHashesOf([{ name: 'x', pattern: Pattern.nothing('x'), filters: [] }])).toEqual([]);
  });
});
