import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Hub } from '../../../src/clients/sdk/hub.ts';
import type { Item } from '../../../src/clients/sdk/item.ts';
import type { Heard, Published } from '../../../src/clients/sdk/schema.ts';
import { startNode } from '../../support/node.ts';
import { clientOf, publishTo, take } from './world.ts';

const Job = z.object({ n: z.coerce.number() });
const events = { 'jobs.*.*': Job, 'tasks.done.*': z.object({ ok: z.boolean() }) };

describe('a client that knows the schemas of its events', () => {
  it('gives event objects the types of the schema that covers the pattern', () => {
    type Of<P> = Heard<typeof events, P>;
    expectTypeOf<Of<'jobs.save.*'>>().toEqualTypeOf<{ n: number }>();
    expectTypeOf<Of<'tasks.done.a'>>().toEqualTypeOf<{ ok: boolean }>();
    expectTypeOf<Of<'tasks.*.*'>>().toEqualTypeOf<unknown>();
    expectTypeOf<Published<typeof events, 'tasks.done.a'>>().toEqualTypeOf<{ ok: boolean }>();
    type Listening = ReturnType<Hub<typeof events>['listen']>;
    expectTypeOf<Listening>().toExtend<AsyncIterable<Item>>();
  });

  it('yields what the schema makes of an object', async () => {
    const node = await startNode();
    const listener = clientOf(node, { events }).listen('jobs.*.*');
    await listener.ready;
    await publishTo(node, 'jobs.save.7');
    expect(await listener.next()).toMatchObject({ value: { key: '7', object: { n: 7 } } });
  });

  it.each([
    ['drop', ['8']],
    ['pass', ['wrong', '8']],
  ] as const)('treats an object that does not fit by its setting "%s"', async (invalid, expected) => {
    const node = await startNode();
    const listener = clientOf(node, { events, invalid }).listen('jobs.*.*');
    await listener.ready;
    await publishTo(node, 'jobs.save.wrong', 'jobs.save.8');
    expect(await take(listener, expected.length)).toEqual(expected);
  });

  it('throws at an event that does not fit, and goes on with the next read', async () => {
    const node = await startNode();
    const listener = clientOf(node, { events }).listen('jobs.*.*');
    await listener.ready;
    await publishTo(node, 'jobs.save.wrong', 'jobs.save.8');
    await expect(listener.next()).rejects.toMatchObject({ code: 'schema_invalid' });
    expect(await take(listener, 1)).toEqual(['8']);
  });

  it('publishes no object that does not fit', async () => {
    const hub = clientOf(await startNode(), { events });
    await expect(hub.publish('tasks.done.a', { ok: 'yes' })).rejects.toMatchObject({
      code: 'schema_invalid',
      message: expect.stringContaining('tasks.done.a') as string,
    });
    expect(await hub.publish('tasks.done.a', { ok: true })).toMatch(/^\d+-\d+$/);
  });
});
