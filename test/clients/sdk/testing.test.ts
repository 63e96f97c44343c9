import { expect, it, onTestFinished } from 'vitest';
import { systemEnvironment } from '../../../src/clients/sdk/environment.ts';
import { Hub, type HubOptions } from '../../../src/clients/sdk/hub.ts';
import { fakeHub, type FakeHub } from '../../../src/clients/sdk/testing.ts';
import { take } from './world.ts';

function clientOf({ WebSocket }: FakeHub, options: HubOptions = {}): Hub {
  const hub = new Hub(
    'http://hub.test',
    { WebSocket, token: () => 'any', ...options },
    { ...systemEnvironment(), random: () => 0 },
  );
  onTestFinished(() => hub.close());
  return hub;
}

it('a client of the hub in memory hears what happens, and what it publishes itself', async () => {
  const fake = fakeHub();
  const hub = clientOf(fake);
  const listener = hub.listen('jobs.*.*', { filters: { 'object.n': [1, 3] } });
  await listener.ready;
  expect(fake.connections).toBe(1);
  fake.emit('jobs.save.a', { n: 1 });
  fake.emit('jobs.save.b', { n: 2 });
  const publish = (): Promise<string> => hub.publish('jobs.save.c', { n: 3 }, { idempotencyKey: 'one' });
  expect(await publish()).toBe(await publish());
  expect(await take(listener, 2)).toEqual(['a', 'c']);
  expect(fake.published).toMatchObject([{ key: 'c', object: { n: 3 } }]);
});

it('a client of the hub in memory goes on after a lost connection and an ended token, and is told a gap', async () => {
  const fake = fakeHub();
  let tokens = 0;
  const hub = clientOf(fake, { token: () => `token ${++tokens}` });
  const listener = hub.listen('jobs.*.*');
  await listener.ready;
  fake.drop();
  fake.emit('jobs.save.1', null);
  expect(await take(listener, 1)).toEqual(['1']);
  fake.expire();
  fake.emit('jobs.save.2', null);
  expect(await take(listener, 1)).toEqual(['2']);
  expect(tokens).toBe(3);
  fake.drop();
  fake.emit('jobs.save.3', null);
  fake.gap();
  fake.emit('jobs.save.4', null);
  expect(await take(listener, 2)).toEqual([expect.objectContaining({ reason: 'trimmed' }), '4']);
});

it('the hub in memory can hold everything back', async () => {
  const fake = fakeHub();
  const listener = clientOf(fake).listen('jobs.*.*');
  await listener.ready;
  const release = fake.slow();
  fake.emit('jobs.save.1', null);
  let heard: unknown;
  const taken = take(listener, 1).then((keys) => (heard = keys));
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBeUndefined();
  release();
  await taken;
  expect(heard).toEqual(['1']);
});
