import { expect, it } from 'vitest';
import { ChangeWriter, type Change } from '../../src/registry/redis-change-writer.ts';
import { registryKeys } from '../../src/registry/redis-registry-keys.ts';
import { ManualClock } from '../support/clock.ts';
import { aRecord } from './records.ts';
import { RedisRegistryWorld } from './redis-world.ts';

function world() {
  const clock = new ManualClock();
  /** How many changes each call of the script had. */
  const calls: number[] = [];
  const redis = {
    belfryChange: (...[, , , , , , , changes = '']: string[]) => {
      const count = (changes.split('\x1e').length - 1) / 5;
      calls.push(count);
      return Promise.resolve(Array.from({ length: count }, () => 0));
    },
  };
  const connection = {
    isReady: true,
    redis: { on: () => undefined, off: () => undefined },
    ask: <T>(run: (asked: never) => Promise<T>) => run(redis as never),
  };
  const keys = registryKeys('test');
  const writer = new ChangeWriter({ connection, clock, keys, node: 'one', leaseMs: 1, graceMs: 1 });
  const change: Change = { verb: 'add', id: 'a', row: '', more: ['', ''] };
  return { clock, calls, writer, write: () => void writer.write(change) };
}

it('the changes of one turn are sent at its end, and those of the next turns together a moment later', () => {
  const { clock, calls, write } = world();
  write();
  write();
  clock.turn();
  expect(calls).toEqual([2]);
  for (let turn = 0; turn < 3; turn++) {
    write();
    clock.advance(1);
    clock.turn();
  }
  expect(calls).toEqual([2]);
  clock.advance(1);
  expect(calls).toEqual([2, 3]);
});

it('a change that comes some time after the last batch waits for the end of its turn alone', () => {
  const { clock, calls, write } = world();
  for (let times = 0; times < 2; times++) {
    write();
    clock.turn();
    clock.advance(10);
  }
  expect(calls).toEqual([1, 1]);
});

it('a removal makes room for the addition after it in the same batch, and for none before it', async () => {
  const registries = await RedisRegistryWorld.make();
  const node = await registries.node();
  const [held, early, late] = [aRecord(), aRecord(), aRecord()];
  const limits = { perPrincipal: 1 };
  await node.add(held, limits);
  const refused = node.add(early, limits);
  node.remove(held.Id, 'closed');
  const entered = node.add(late, limits);
  await expect(refused).rejects.toMatchObject({ code: 'limit_reached' });
  await entered;
  await expect(node.add(aRecord(), limits)).rejects.toMatchObject({ code: 'limit_reached' });
  expect(registries.told('presence.offline')).toEqual([]);
  await expect.poll(() => registries.told('connections.create')).toEqual([held.Id, late.Id]);
});
