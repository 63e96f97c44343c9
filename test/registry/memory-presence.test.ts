import { describe, expect, it } from 'vitest';
import { MemoryPresence } from '../../src/registry/memory-presence.ts';
import { SEEN_MS } from '../../src/registry/registry.ts';

const CAME = '2025-01-15T10:30:00.000Z';
const GRACE = 10_000;

function start() {
  const told: string[] = [];
  const presence = new MemoryPresence((action, { principal }) => void told.push(`${action} ${principal}`));
  return { presence, told };
}

describe('presence in memory', () => {
  it('ends when the grace ends, not before', () => {
    const { presence, told } = start();
    presence.arrive('user:ada', CAME, 0);
    presence.leave('user:ada', 1_000);
    presence.pass(1_000 + GRACE - 1);
    expect(told).toEqual(['online user:ada']);
    presence.pass(1_000 + GRACE);
    expect(told).toEqual(['online user:ada', 'offline user:ada']);
    expect(presence.of('user:ada', 50_000)).toMatchObject({
      online: false,
      since: new Date(1_000).toISOString(),
    });
  });

  it('continues when one of several connections ends', () => {
    const { presence, told } = start();
    for (let i = 0; i < 2; i++) presence.arrive('user:ada', CAME, 0);
    presence.leave('user:ada', 0);
    presence.pass(GRACE * 2);
    expect(told).toEqual(['online user:ada']);
  });

  it('forgets principals last seen a week ago, and the longest gone when there are very many', () => {
    const { presence } = start();
    const known = (principal: string) => presence.of(principal, 0).lastSeen !== null;
    for (let i = 0; i < 100_002; i++) {
      presence.arrive(`user:${i}`, CAME, i);
      presence.leave(`user:${i}`, i);
    }
    presence.pass(200_000);
    expect(['user:0', 'user:1', 'user:2', 'user:100001'].map(known)).toEqual([false, false, true, true]);
    presence.pass(100_000 + SEEN_MS);
    expect(['user:100000', 'user:100001'].map(known)).toEqual([false, true]);
  });
});
