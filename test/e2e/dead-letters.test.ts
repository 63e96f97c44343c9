import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { runHere } from '../support/command.ts';
import { nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { startNodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const event = (key: string): string => JSON.stringify({ type: 'a', action: 'b', key, object: null });

async function start() {
  const prefix = randomPrefix();
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  const node = await startNode(settings);
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`{${prefix}}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
  const add = (field: string, text: string): Promise<unknown> =>
    redis.xadd(`{${prefix}}:ingress`, '*', field, text);
  const count = async (wanted: number): Promise<void> => {
    await expect.poll(() => redis.xlen(`{${prefix}}:dead-letters`)).toBe(wanted);
  };
  return { settings, node, redis, env, add, count };
}

describe('belfry dead-letters', () => {
  it('lists, shows, retries and deletes what the ingress could not accept', async () => {
    const { node, env, add, count } = await start();
    await add('evnt', event('mistake'));
    await add('event', 'rejected input');
    await count(2);
    const listed = await runHere(['dead-letters', 'list'], env);
    expect([listed.code, listed.lines]).toEqual([
      0,
      [
        expect.stringMatching(/^ID +TIME +REASON +MESSAGE$/),
        expect.stringMatching(
          /^\d+-\d+ {2}\S+Z {2}event_invalid {2}The entry has the fields evnt\. Expected/,
        ),
        expect.stringMatching(/^\d+-\d+ {2}\S+Z {2}json_invalid {3}Not usable as JSON/),
      ],
    ]);
    const [mistake = '', rejected = ''] = listed.lines.slice(1).map((line) => line.split(' ')[0] ?? '');
    const shown = await runHere(['dead-letters', 'show', mistake, '-o', 'json'], env);
    expect(JSON.parse(shown.lines.join('\n'))).toMatchObject({ id: mistake, event: event('mistake') });

    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    expect(await runHere(['dead-letters', 'retry', mistake], env)).toMatchObject({
      code: 0,
      lines: [mistake],
    });
    expect(await client.next()).toMatchObject({ key: 'mistake' });
    expect(await runHere(['dead-letters', 'delete', rejected], env)).toMatchObject({
      code: 0,
      lines: [rejected],
    });
    expect(await runHere(['dead-letters'], env)).toMatchObject({ code: 0, lines: [] });
  });

  it('retries all letters once, in order, and ends even though some become dead letters again', async () => {
    const { node, env, add, count } = await start();
    for (let n = 0; n < 105; n++) await add('evnt', event(`${n}`));
    await add('event', 'rejected input');
    await count(106);
    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    const { code, lines } = await runHere(['dead-letters', 'retry', '--all'], env);
    expect([code, new Set(lines).size]).toEqual([0, 106]);
    for (let n = 0; n < 105; n++) expect(await client.next()).toMatchObject({ key: `${n}` });
    await count(1);
  });

  it.each([
    [2, ['retry'], 'Expected either ids of the list, or --all.'],
    [2, ['retry', '1-1', '--all'], 'Expected either ids of the list, or --all.'],
    [1, ['show', '1-1'], 'There is no dead letter with the id "1-1"'],
    [1, ['retry', '1-1'], 'There is no dead letter'],
    [1, ['delete', '../events'], 'There is no dead letter'],
  ])('ends with code %i and a clear error for %j', async (code, args, said) => {
    const { env } = await start();
    const ran = await runHere(['dead-letters', ...args], env);
    expect([ran.code, ran.errorLines.join('\n')]).toEqual([code, expect.stringContaining(said)]);
  });
});

describe('the ingress of nodes in processes of their own', () => {
  it('loses and repeats no event, and keeps the order, while nodes are killed', async () => {
    const { settings, node, add } = await start();
    const client = await nativeClient(node.url, await node.token(), ['a.*.*']);
    const others = [await startNodeProcess(settings), await startNodeProcess(settings)];
    const wanted = Array.from({ length: 600 }, (_, n) => `${n}`);
    for (const [n, key] of wanted.entries()) {
      await add('event', event(key));
      if (n === 200) others[0]?.child.kill('SIGKILL');
      if (n === 400) others[1]?.child.kill('SIGTERM');
    }
    const heard: unknown[] = [];
    for (let n = 0; n < wanted.length; n++) heard.push((await client.next())['key']);
    expect(heard).toEqual(wanted);
    expect(client.unread).toEqual([]);
  }, 60_000);
});
