import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BurstBudget } from '../../src/hub/burst-budget.ts';
import type { Chunk } from '../../src/hub/frame.ts';
import { DeliveryQueue } from '../../src/hub/queue.ts';
import {
  SLOW_POLICIES,
  SLOW_POLICY_NAMES,
  type SlowPolicyName,
} from '../../src/model/slow-policies/index.ts';
import { anEvent } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

type Step =
  'write' | { readonly policy: SlowPolicyName | 'reply'; readonly key: string; readonly bytes: number };

function chunkOf({ policy: name, key, bytes }: Exclude<Step, 'write'>, n: number): Chunk {
  const chunk = { bytes: Buffer.alloc(bytes), deliveries: 1 };
  if (name === 'reply') return chunk;
  const policy = SLOW_POLICIES[name];
  const [after, before] = [`${n}-0`, `${n - 1}-0`];
  return { ...chunk, droppable: { policy, kind: policy.kindOf?.(anEvent({ key })), before, after } };
}

const stepsOf = (...policies: readonly (SlowPolicyName | 'reply')[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<Step>('write') },
      {
        weight: 4,
        arbitrary: fc.record({
          policy: fc.constantFrom(...policies),
          key: fc.constantFrom('a', 'b', 'c'),
          bytes: fc.nat(12),
        }),
      },
    ),
    { maxLength: 60 },
  );
const someBounds = fc.record({
  maxDeliveries: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.integer({ min: 1, max: 40 }),
});

describe.each([...SLOW_POLICY_NAMES.map((name) => [name]), SLOW_POLICY_NAMES])(
  'a queue whose subscriptions ask for %s %s %s',
  (...policies) => {
    it('keeps its bounds and the order, loses nothing that may not be left out, and counts what it leaves out', () => {
      fc.assert(
        fc.property(someBounds, stepsOf('reply', ...policies), (bounds, steps) => {
          const queue = new DeliveryQueue(bounds, new BurstBudget());
          const taken: Chunk[] = [];
          const written: Chunk[] = [];
          const write = (): void =>
            void written.push(...[queue.shift()].filter((chunk) => chunk !== undefined));
          for (const [n, step] of steps.entries()) {
            if (step === 'write') {
              write();
              continue;
            }
            const chunk = chunkOf(step, n + 1);
            if (queue.push(chunk)) taken.push(chunk);
            if (queue.deliveries <= 1) continue;
            expect(queue.deliveries).toBeLessThanOrEqual(bounds.maxDeliveries);
            expect(queue.bytes).toBeLessThanOrEqual(bounds.maxBytes);
          }
          while (!queue.isEmpty) write();
          expect([queue.deliveries, queue.bytes]).toEqual([0, 0]);
          expect(written).toEqual(taken.filter((chunk) => written.includes(chunk)));
          expect(written.length + queue.dropped).toBe(taken.length);
          const kept = taken.filter(
            ({ droppable }) => (droppable?.policy ?? SLOW_POLICIES.close) === SLOW_POLICIES.close,
          );
          expect(kept.filter((chunk) => !written.includes(chunk))).toEqual([]);
        }),
        { numRuns: runs(300) },
      );
    });
  },
);

describe('a queue that is full of replies', () => {
  const full = (): DeliveryQueue => {
    const queue = new DeliveryQueue({ maxDeliveries: 2, maxBytes: 40 }, new BurstBudget());
    for (const n of [1, 2]) queue.push(chunkOf({ policy: 'reply', key: '', bytes: 1 }, n));
    return queue;
  };

  it('leaves out the next event itself under drop-oldest', () => {
    const queue = full();
    expect(queue.push(chunkOf({ policy: 'drop-oldest', key: 'a', bytes: 1 }, 3))).toBe(true);
    expect([queue.deliveries, queue.dropped]).toEqual([2, 1]);
  });

  it.each(['close', 'latest-per-key'] as const)('has no room for the next event under %s', (policy) => {
    const queue = full();
    expect(queue.push(chunkOf({ policy, key: 'a', bytes: 1 }, 3))).toBe(false);
    expect([queue.deliveries, queue.dropped]).toEqual([2, 0]);
  });
});
