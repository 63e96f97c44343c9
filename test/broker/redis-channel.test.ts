import { describe, expect, it, onTestFinished } from 'vitest';
import { heardJson, type HubEvent } from '../../src/model/event.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { readMessage } from '../../src/broker/redis-channel-message.ts';
import { MAX_EVENT_BYTES, RedisWorld } from './redis-world.ts';
import { ManualClock } from '../support/clock.ts';

const event = (key: string): string => `{"type":"a","action":"b","key":"${key}","object":null}`;

describe('an event that a service publishes on the live channel', () => {
  it('reaches every node live only: it has no id and is not in the history', async () => {
    const world = new RedisWorld();
    const [one, two] = [await world.start(), await world.start()];
    await world.shout(event('x'));
    const [heard] = await one.recorder.count(1);
    expect(heard).toMatchObject({ type: 'a', action: 'b', key: 'x', size: event('x').length });
    expect(heard).not.toHaveProperty('id');
    expect(heard).not.toHaveProperty('previous');
    expect(await two.recorder.count(1)).toHaveLength(1);
    expect(await world.redis.exists(world.log)).toBe(0);
  });

  it('may be in any format', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start();
    await world.shout(
      '{"Type":"machines","Action":"update","Key":"m1","Object":{"Name":"x"},"Principal":"user:y"}',
    );
    expect(await recorder.count(1)).toMatchObject([
      { type: 'machines', action: 'update', key: 'm1', object: { Name: 'x' }, principal: 'user:y' },
    ]);
  });

  it('may be a list: a rejected item does not affect the other items', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start();
    await world.shout(
      `[${event('1')}, {"type":"a"}, "x", {"Type":"a","Action":"b","Key":"2"}, null, ${event('3')}]`,
    );
    await recorder.count(3);
    expect(recorder.keys).toEqual(['1', '2', '3']);
    expect(world.reasons).toEqual(Array.from({ length: 3 }, () => 'channel event_invalid'));
  });

  it('may be a list of a thousand events; a longer list is rejected whole', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start();
    const list = (count: number): string => `[${Array.from({ length: count }, () => event('x')).join()}]`;
    await world.shout(list(1_001));
    await world.shout(list(1_000));
    await world.shout(event('last'));
    expect((await recorder.count(1_001)).at(-1)?.key).toBe('last');
    expect(world.reasons).toEqual(['channel event_invalid']);
  });

  it('gets the time of the node where it has none', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start({ clock: new ManualClock('2025-01-15T10:30:00Z') });
    await world.shout(event('x'));
    await world.shout('{"type":"a","action":"b","key":"y","time":"2024-02-29T00:00:00+01:00"}');
    await recorder.count(2);
    expect(recorder.events.map(({ time }) => time)).toEqual([
      '2025-01-15T10:30:00.000Z',
      '2024-02-29T00:00:00+01:00',
    ]);
  });

  it('does not break the sequence of events of the log', async () => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    await world.fcall(event('1'));
    await world.shout(event('live'));
    await world.fcall(event('2'));
    const [first, live, second] = await recorder.count(3);
    expect([first?.key, live?.key, second?.key]).toEqual(['1', 'live', '2']);
    expect(second?.previous).toBe(first?.id);
    await broker.ready();
  });

  it.each<[string, string | Buffer, string]>([
    ['text', 'hello', 'json_invalid'],
    ['nothing', '', 'json_invalid'],
    ['half an event', event('x').slice(0, -1), 'json_invalid'],
    ['two events', event('x') + event('y'), 'json_invalid'],
    ['a number', '42', 'event_invalid'],
    ['null', 'null', 'event_invalid'],
    ['an unknown object', '{"hello":"world"}', 'event_invalid'],
    ['a wrong type', '{"type":1,"action":"b","key":""}', 'event_invalid'],
    ['a wrong time', '{"type":"a","action":"b","key":"","time":"today"}', 'event_invalid'],
    ['an unknown field', '{"type":"a","action":"b","key":"","extra":1}', 'event_invalid'],
    ['an event of the hub itself', '{"type":"belfry","action":"gap","key":""}', 'type_reserved'],
    ['a forged connection', '{"type":"connections","action":"create","key":"user:ann"}', 'type_reserved'],
    [
      'bytes that are not UTF-8',
      Buffer.from('{"type":"a","action":"b","key":"\xe9"}', 'latin1'),
      'json_invalid',
    ],
    ['__proto__', '{"type":"a","action":"b","key":"","object":{"__proto__":{"x":1}}}', 'json_invalid'],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'json_invalid'],
    ['ten megabytes', `{"type":"a","action":"b","key":"${'x'.repeat(10_000_000)}"}`, 'event_too_big'],
    ['one byte too many', event('x'.repeat(MAX_EVENT_BYTES - event('').length + 1)), 'event_too_big'],
    ['a header with no ids', `a b ${event('x')}`, 'json_invalid'],
    ['a header with one id', `1-0 ${event('x')}`, 'json_invalid'],
    ['a header whose ids are too long', `1-0 ${'9'.repeat(17)}-0 ${event('x')}`, 'json_invalid'],
  ])('is reported when it is %s, and delivery goes on', async (_name, message, reason) => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    await world.shout(message);
    await broker.publish([{ type: 'a', action: 'b', key: 'after', object: null }]);
    expect(await recorder.key('after')).toHaveLength(1);
    expect(world.reasons).toEqual([`channel ${reason}`]);
  });

  it('is not taken for an entry of the log, whatever ids it names', async () => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    const [first = ''] = await broker.publish([{ type: 'a', action: 'b', key: '1', object: null }]);
    await recorder.count(1);
    await world.shout(`${first} 9999999999999-0 ${event('forged')}`);
    await world.shout(`0-0 1-0 ${event('forged')}`);
    const [second] = await broker.publish([{ type: 'a', action: 'b', key: '2', object: null }]);
    await recorder.key('2');
    expect(recorder.events.map(({ id, previous }) => [id, previous])).toEqual([[first, '0-0'], [second, first]]); // prettier-ignore
    expect(world.reasons).toEqual(['channel json_invalid', 'channel json_invalid']);
    expect(broker.brokerStats.gapsDetected).toBe(0);
    await broker.ready();
  });
});

describe('the channel between nodes', () => {
  const message = (previous: string, ...fields: string[]): Buffer =>
    Buffer.from([`Ac ${previous}`, ...fields].join('\xff'), 'latin1');
  const forged = (previous: string, id: string): Buffer =>
    message(previous, id, 'a', 'b', 'forged', event('forged'));

  it('carries events of the registry that are not in the log, live only', async () => {
    const world = new RedisWorld();
    const { recorder } = await world.start();
    const told = {
      time: '2025-01-15T10:30:00Z',
      type: 'connections',
      action: 'create',
      key: 'unknown',
      object: {},
    };
    await world.redis.publish(
      world.channel,
      message('', '', 'connections', 'create', 'unknown', JSON.stringify(told)),
    );
    await recorder.key('unknown');
    expect(recorder.events[0]?.id).toBeUndefined();
    expect(await world.redis.xlen(`{${world.prefix}}:log`)).toBe(0);
  });

  it('rejects any other event without a position in the log', async () => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    for (const type of ['a', 'belfry', 'websocket'])
      await world.redis.publish(world.channel, message('', '', type, 'b', 'bare', event('bare')));
    await broker.publish([{ type: 'a', action: 'b', key: '1', object: null }]);
    await recorder.key('1');
    expect(recorder.keys).toEqual(['1']);
    expect(world.reasons).toEqual([
      'channel event_invalid',
      'channel type_reserved',
      'channel type_reserved',
    ]);
  });

  it('rejects a message of another version and reads the log, so that nothing is missing', async () => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    const texts = [
      event('bare'),
      `[${event('bare')}]`,
      `1-0 2-0 ${event('x')}`,
      'Bc 0-0',
      'Ac 0-0\xff1-0\xffa',
      '',
    ];
    for (const text of texts) await world.redis.publish(world.channel, Buffer.from(text, 'latin1'));
    await broker.publish([{ type: 'a', action: 'b', key: '1', object: null }]);
    await recorder.key('1');
    expect(recorder.keys).toEqual(['1']);
    expect(world.reasons).toEqual(texts.map(() => 'channel event_invalid'));
    await broker.ready();
  });

  it('tells of all events of one publish in one message', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start();
    const stranger = world.redis.duplicate();
    onTestFinished(() => stranger.disconnect());
    const heard: Buffer[] = [];
    stranger.on('messageBuffer', (_channel: Buffer, each: Buffer) => heard.push(each));
    await stranger.subscribe(world.channel);
    const keys = ['a.b', 'ä\u0000"\\', '', '😀', 'x'.repeat(600_000), 'y'.repeat(600_000)];
    const ids = await broker.publish(keys.map((key) => ({ type: 't', action: 'a', key, object: null })));
    await recorder.count(keys.length);
    expect(recorder.keys).toEqual(keys);
    expect(recorder.ids).toEqual(ids);
    // The last one would make the message larger than 1 MiB.
    await expect.poll(() => heard.length).toBe(2);
    const told = heard.map((each) =>
      readMessage(each.toString('latin1'))?.map(({ previous, key }) => [previous, key]),
    );
    expect(told).toEqual([keys.slice(0, -1).map((key, i) => [ids[i - 1] ?? '0-0', key]), [[ids.at(-2), keys.at(-1)]]]); // prettier-ignore
  });

  it('lets a node mask by its own rules what another one has written by other rules', async () => {
    const world = new RedisWorld();
    const redaction = new Redaction([{ fields: ['secret'] }]);
    const heard: HubEvent[] = [];
    const [other, same, masks] = [world.node(), world.node({ redaction }), world.node({ redaction })];
    for (const node of [other, same, masks]) onTestFinished(() => node.stop());
    await masks.start((each) => heard.push(each) > 0);
    await same.start(() => false);
    await other.start(() => false);
    const object = { secret: 'shown' };
    for (const node of [other, same]) await node.publish([{ type: 'a', action: 'b', key: 'k', object }]);
    await expect.poll(() => heard.length).toBe(2);
    expect(heard.map(({ canonical }) => canonical?.includes('shown'))).toEqual([undefined, false]);
    for (const each of heard) expect(heardJson(each)).not.toContain('shown');
  });

  it('makes no node skip or repeat an event, and a node tell a gap, when it tells of entries that the log does not hold', async () => {
    const world = new RedisWorld();
    const { recorder, broker } = await world.start();
    const publish = async (key: string): Promise<string> =>
      (await broker.publish([{ type: 'a', action: 'b', key, object: null }]))[0] ?? '';
    await publish('1');
    const second = await publish('2');
    await recorder.count(2);
    await world.redis.publish(world.channel, forged(second, '9999999999998-0'));
    await world.redis.publish(world.channel, forged('9999999999998-0', '9999999999999-0'));
    for (const key of ['3', '4', '5']) await publish(key);
    await recorder.key('5');
    const gap = '9999999999999-0';
    expect(recorder.keys).toEqual(['1', '2', 'forged', 'forged', gap, '3', '4', '5']);
    await broker.ready();
  });
});

/** An older node may read in this way what a newer one wrote. */
function knowsNothing(): never {
  throw new Error('never heard of it');
}

describe('an entry of the log that is not an event', () => {
  it('is reported and skipped, live and in the history, and leaves no gap', async () => {
    const world = new RedisWorld();
    const [knows, knowsNot] = [await world.start(), await world.start({ parseLogged: knowsNothing })];
    await knows.broker.publish([{ type: 'a', action: 'b', key: '1', object: null }]);
    await world.redis.xadd(world.log, '*', 'e', event('unlinked'));
    await knows.broker.publish([{ type: 'a', action: 'b', key: '2', object: null }]);
    await knows.recorder.key('2');
    expect(knows.recorder.keys).toEqual(['1', '2']);
    await expect.poll(() => world.reasons).toEqual(['channel internal', 'channel internal']);
    expect(knowsNot.recorder.events).toEqual([]);
    await knowsNot.broker.ready();

    world.rejected.length = 0;
    const history = await Array.fromAsync(knows.broker.after('0-0'));
    expect(history).toEqual(knows.recorder.events);
    expect(await Array.fromAsync(knowsNot.broker.after('0-0'))).toEqual([]);
    expect(world.reasons).toEqual(['log event_invalid', 'log internal', 'log event_invalid', 'log internal']);
  });
});
