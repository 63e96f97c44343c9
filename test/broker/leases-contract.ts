import { describe, expect, it } from 'vitest';
import type { Broker } from '../../src/broker/broker.ts';
import type { Leases } from '../../src/broker/leases.ts';
import type { NewEvent } from '../../src/model/event.ts';
import type { Fence, Lease } from '../../src/model/lease.ts';

/** A broker with its leases, and a way to let time pass. */
export interface LeaseNode {
  readonly broker: Pick<Broker, 'publish'> & { readonly leases: Leases };
  readonly pass: (ms: number) => Promise<void>;
}

const ADA = { holder: 'a', principal: 'user:ada' };
const BOB = { holder: 'b', principal: 'user:ada' };
const TTL_MS = 60_000;

const event = (key: string): NewEvent => ({ type: 'leased', action: 'save', key, object: null });

function fenceOf({ name: lease, fence }: Lease): Fence {
  return { lease, fence };
}

/** The contract of the leases of every broker. */
export function describeLeases(name: string, makeNode: () => Promise<LeaseNode>): void {
  describe(`the leases of the ${name} broker`, () => {
    it('are held by one holder at a time, who may take them again', async () => {
      const { broker } = await makeNode();
      const first = await broker.leases.take('x', ADA, TTL_MS);
      expect(first).toEqual({ name: 'x', ...ADA, fence: expect.any(Number) as number, ttlMs: TTL_MS });
      await expect(broker.leases.take('x', BOB, TTL_MS)).rejects.toMatchObject({
        code: 'lease_held',
        retryAfterS: 60,
      });
      const others = { ...ADA, principal: 'user:bob' };
      await expect(broker.leases.take('x', others, TTL_MS)).rejects.toMatchObject({ code: 'lease_held' });
      expect((await broker.leases.take('x', ADA, TTL_MS)).fence).toBe(first.fence);
      expect(await broker.leases.get('x')).toMatchObject({ ...ADA, fence: first.fence });
      expect((await broker.leases.take('y', BOB, TTL_MS)).fence).toBeGreaterThan(first.fence);
    });

    it('are taken by one of those who ask in the same instant', async () => {
      const { broker } = await makeNode();
      const asked = Array.from({ length: 10 }, (_, i) =>
        broker.leases.take('x', { ...ADA, holder: `h${i}` }, TTL_MS),
      );
      const results = await Promise.allSettled(asked);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('end when they are released by their holder, and by nobody else', async () => {
      const { broker } = await makeNode();
      const first = await broker.leases.take('x', ADA, TTL_MS);
      await expect(broker.leases.release('x', BOB)).rejects.toMatchObject({ code: 'lease_held' });
      await broker.leases.release('x', ADA);
      await broker.leases.release('x', ADA);
      expect(await broker.leases.get('x')).toBeUndefined();
      const second = await broker.leases.take('x', BOB, TTL_MS);
      expect(second.fence).toBeGreaterThan(first.fence);
    });

    it('end by themselves, and the next holder has a higher fence, also where it is the same one', async () => {
      const { broker, pass } = await makeNode();
      const first = await broker.leases.take('x', ADA, 100);
      await pass(150);
      expect(await broker.leases.get('x')).toBeUndefined();
      const second = await broker.leases.take('x', ADA, 100);
      await pass(150);
      const third = await broker.leases.take('x', BOB, TTL_MS);
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(third.fence).toBeGreaterThan(second.fence);
    });

    it('are a thousand at most, of which those that have ended do not count', async () => {
      const { broker, pass } = await makeNode();
      const take = (i: number, ttlMs: number) => broker.leases.take(`n${i}`, ADA, ttlMs);
      for (let i = 0; i < 999; i++) await take(i, TTL_MS);
      await take(999, 300);
      await expect(take(1_000, TTL_MS)).rejects.toMatchObject({ code: 'limit_reached' });
      await take(0, TTL_MS);
      await pass(400);
      await take(1_000, TTL_MS);
      await broker.leases.release('n1000', ADA);
      await take(1_001, TTL_MS);
      expect(await broker.leases.get('n1001')).toMatchObject({ name: 'n1001' });
    });

    it('let a publish pass that names the present fence, and refuse each other, of which nothing is published', async () => {
      const { broker, pass } = await makeNode();
      const first = fenceOf(await broker.leases.take('x', ADA, 100));
      expect(await broker.publish([event('1'), event('2')], undefined, first)).toHaveLength(2);
      await pass(150);
      const lost = { code: 'lease_lost', status: 409 };
      await expect(broker.publish([event('3')], undefined, first)).rejects.toMatchObject(lost);
      const second = fenceOf(await broker.leases.take('x', BOB, TTL_MS));
      const refused = broker.publish([event('4')], undefined, first);
      const accepted = [
        broker.publish([event('5')], undefined, second),
        broker.publish([event('6')]),
        broker.publish([event('7')], { key: 'k', digest: 'd' }, second),
      ];
      await expect(refused).rejects.toMatchObject(lost);
      expect(await Promise.all(accepted)).toHaveLength(3);
      for (const fence of [
        { lease: 'x', fence: second.fence + 1 },
        { lease: 'x', fence: 1 },
        { lease: 'y', fence: second.fence },
      ])
        await expect(broker.publish([event('8')], undefined, fence)).rejects.toMatchObject(lost);
    });

    it('do not refuse the repetition of a publish that was accepted before the lease was lost', async () => {
      const { broker } = await makeNode();
      const fence = fenceOf(await broker.leases.take('x', ADA, TTL_MS));
      const once = { key: 'repeated', digest: 'd' };
      const ids = await broker.publish([event('1')], once, fence);
      await broker.leases.release('x', ADA);
      expect(await broker.publish([event('1')], once, fence)).toEqual(ids);
      const other = broker.publish([event('2')], { key: 'other', digest: 'd' }, fence);
      await expect(other).rejects.toMatchObject({ code: 'lease_lost' });
      // A refused publish takes no key.
      expect(await broker.publish([event('2')], { key: 'other', digest: 'd' })).toHaveLength(1);
    });
  });
}
