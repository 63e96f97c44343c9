import { describe, expect, it } from 'vitest';
import { connect, nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';

const EVENT = { type: 'profiles', action: 'save', key: 'global', object: { Name: 'global' } };

describe('a native session', () => {
  it('receives what it publishes, with id, time and its own principal', async () => {
    const node = await startNode();
    const client = await nativeClient(
      node.url,
      await node.token('ann'.padEnd(3), { subscribe: ['*.*.*'], publish: ['*.*.*'] }),
      ['profiles.*.*'],
    );
    client.send({ id: 7, command: 'publish', events: [{ ...EVENT, principal: 'user:somebody-else' }] });
    const frames = [await client.next(), await client.next()];
    const reply = frames.find(({ type }) => type === 'belfry');
    const heard = frames.find(({ type }) => type === 'profiles');
    expect(heard).toMatchObject({ ...EVENT, principal: 'user:ann' });
    expect(reply).toMatchObject({ action: 'publish', key: '7', object: { ids: [heard?.['id']] } });
  });

  it('gets the reply to a subscription before the first event that it admits', async () => {
    const node = await startNode();
    const client = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`);
    client.send({ id: 1, command: 'subscribe', patterns: ['profiles.*.*'] });
    client.send({ id: 2, command: 'publish', events: [EVENT] });
    expect(await client.next()).toMatchObject({ type: 'belfry', action: 'subscribe', key: '1' });
  });

  it('subscribes by its URL alone', async () => {
    const node = await startNode();
    const client = await connect(
      `${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}&pattern=profiles.*.*`,
    );
    expect(await client.next()).toMatchObject({
      type: 'belfry',
      action: 'subscribe',
      object: { patterns: ['profiles.*.*'] },
    });
    client.send({ command: 'publish', events: [EVENT] });
    expect([await client.next(), await client.next()]).toContainEqual(expect.objectContaining(EVENT));
  });

  it('resumes after a cursor without gap or duplicate', async () => {
    const node = await startNode();
    const token = await node.token();
    const publisher = await nativeClient(node.url, token, ['none.*.*']);
    const first = await nativeClient(node.url, token, ['machines.*.*']);
    for (const n of [1, 2, 3])
      publisher.send({ command: 'publish', events: [{ ...EVENT, type: 'machines', object: n }] });
    const cursor = (await first.next())['id'];
    first.ws.terminate();
    const second = await nativeClient(node.url, token, ['machines.*.*'], { since: cursor });
    publisher.send({ command: 'publish', events: [{ ...EVENT, type: 'machines', object: 4 }] });
    const heard = [await second.next(), await second.next(), await second.next()];
    expect(heard.map(({ object }) => object)).toEqual([2, 3, 4]);
  });

  it('is told of a gap when the cursor is not known', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['machines.*.*'], {
      since: '99999999999999-0',
    });
    expect(await client.next()).toMatchObject({
      type: 'belfry',
      action: 'gap',
      object: { from: '99999999999999-0' },
    });
  });

  it('receives only the events that pass its filters', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['tasks.*.*'], {
      filters: { 'object.status': ['Failed', 'Completed'] },
    });
    const events = ['Running', 'Failed', 'Pending', 'Completed'].map((status) => ({
      ...EVENT,
      type: 'tasks',
      object: { status },
    }));
    client.send({ id: 'p', command: 'publish', events });
    const frames = [await client.next(), await client.next(), await client.next()];
    const heard = frames.filter(({ type }) => type === 'tasks').map(({ object }) => object);
    expect(heard).toEqual([{ status: 'Failed' }, { status: 'Completed' }]);
  });

  it('receives nothing for a pattern that it has unsubscribed', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['a.*.*', 'b.*.*']);
    client.send({ id: 'u', command: 'unsubscribe', patterns: ['a.*.*'] });
    expect(await client.next()).toMatchObject({ action: 'unsubscribe', key: 'u' });
    client.send({
      command: 'publish',
      events: [
        { ...EVENT, type: 'a' },
        { ...EVENT, type: 'b' },
      ],
    });
    const frames = [await client.next(), await client.next()];
    expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(['b', 'belfry']));
  });

  it('may come without a token and send one in its first command', async () => {
    const node = await startNode();
    const client = await connect(`${node.url.replace('http', 'ws')}/native/ws`);
    client.send({ id: 1, command: 'subscribe', patterns: ['*.*.*'] });
    expect(await client.next()).toMatchObject({ action: 'error', key: '1', object: { code: 'forbidden' } });
    client.send({
      id: 2,
      command: 'auth',
      token: await node.token('ann', { subscribe: ['a.*.*'], publish: ['a.*.*'] }),
    });
    expect(await client.next()).toMatchObject({
      action: 'auth',
      key: '2',
      object: { principal: 'user:ann' },
    });
    client.send({ id: 3, command: 'subscribe', patterns: ['*.*.*'] });
    expect(await client.next()).toMatchObject({ action: 'subscribe', key: '3' });
    client.send({ id: 4, command: 'publish', events: [{ ...EVENT, type: 'a' }] });
    expect([await client.next(), await client.next()]).toContainEqual(expect.objectContaining({ type: 'a' }));
  });

  it.each([
    ['text that is not JSON', 'hello', 'json_invalid', ''],
    ['an unknown command', '{"id":9,"command":"dance"}', 'command_invalid', '9'],
    ['a pattern of two parts', '{"id":9,"command":"subscribe","patterns":["a.b"]}', 'pattern_invalid', '9'],
    [
      'a filter that is an object',
      '{"id":9,"command":"subscribe","patterns":["a.b.c"],"filters":{"x":{}}}',
      'filter_invalid',
      '9',
    ],
    [
      'an invalid cursor',
      '{"id":9,"command":"subscribe","patterns":["a.b.c"],"since":"yesterday"}',
      'cursor_invalid',
      '9',
    ],
    [
      'a reserved type',
      '{"id":9,"command":"publish","events":[{"type":"belfry","action":"b","key":"c"}]}',
      'type_reserved',
      '9',
    ],
    [
      'an event without action',
      '{"id":9,"command":"publish","events":[{"type":"a","key":"c"}]}',
      'event_invalid',
      '9',
    ],
    ['a wrong token', '{"id":9,"command":"auth","token":"x.y.z"}', 'token_invalid', '9'],
    [
      '__proto__',
      '{"id":9,"command":"publish","events":[{"type":"a","action":"b","key":"c","object":{"__proto__":1}}]}',
      'json_invalid',
      '',
    ],
  ])('is refused %s with a code, a sentence and an address, and goes on', async (_name, frame, code, key) => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    client.send(frame);
    expect(await client.next()).toMatchObject({
      type: 'belfry',
      action: 'error',
      key,
      object: {
        code,
        message: expect.stringContaining('xpected') as string,
        see: `/docs/reference/errors#${code}`,
      },
    });
    client.send({ id: 'still', command: 'ping' });
    expect(await client.next()).toMatchObject({ action: 'ping', key: 'still' });
  });

  it('may publish only within its grants, and all of a list or none', async () => {
    const node = await startNode();
    const client = await nativeClient(
      node.url,
      await node.token('ann', { subscribe: ['*.*.*'], publish: ['a.*.*'] }),
      ['*.*.*'],
    );
    client.send({
      id: 1,
      command: 'publish',
      events: [
        { ...EVENT, type: 'a' },
        { ...EVENT, type: 'b' },
      ],
    });
    expect(await client.next()).toMatchObject({
      action: 'error',
      object: { code: 'forbidden', message: expect.stringContaining('b.save.global') as string },
    });
    client.send({ id: 2, command: 'ping' });
    expect(await client.next()).toMatchObject({ action: 'ping' });
  });

  it('is refused a wrong token before the upgrade', async () => {
    const node = await startNode();
    await expect(connect(`${node.url.replace('http', 'ws')}/native/ws?token=wrong`)).rejects.toThrow(
      'refused with 401',
    );
  });

  it('is closed with 4029 when it sends too many commands', async () => {
    const node = await startNode({ BELFRY_COMMANDS_PER_SECOND: '5' });
    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    for (let n = 0; n < 20; n++) client.send({ command: 'ping' });
    expect(await client.closed).toMatchObject({ code: 4029 });
  });

  it('is closed with 1009 when a frame is larger than the limit', async () => {
    const node = await startNode({ BELFRY_INBOUND_MAX_BYTES: '1024' });
    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    client.send('x'.repeat(1025));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('is closed with 1001 when the node stops, after what was published before', async () => {
    const node = await startNode();
    const client = await nativeClient(node.url, await node.token(), ['profiles.*.*']);
    const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(EVENT),
    });
    expect(response.status).toBe(204);
    const stopped = node.stop();
    expect(await client.next()).toMatchObject(EVENT);
    expect(await client.closed).toMatchObject({ code: 1001 });
    await stopped;
  });
});
