import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { collectGarbage } from '../support/garbage.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { runCommand } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const REJECTED: readonly (readonly [name: string, text: string | Buffer, code: string, status: number])[] = [
  ['what is not JSON', 'hello', 'json_invalid', 400],
  ['nothing', '', 'json_invalid', 400],
  ['a number', '42', 'event_invalid', 422],
  ['a type that is a number', '{"type":1,"action":"b","key":"c"}', 'event_invalid', 422],
  ['an event without action', '{"type":"a","key":"c"}', 'event_invalid', 422],
  ['an unknown field', '{"type":"a","action":"b","key":"c","colour":"red"}', 'event_invalid', 422],
  ['an invalid time', '{"type":"a","action":"b","key":"c","time":"noon"}', 'event_invalid', 422],
  ['a reserved type', '{"type":"belfry","action":"gap","key":"c"}', 'type_reserved', 422],
  [
    '10 MB',
    JSON.stringify({ type: 'a', action: 'b', key: 'c', object: 'x'.repeat(10_000_000) }),
    'event_too_big',
    413,
  ],
  [
    'invalid UTF-8',
    Buffer.concat([
      Buffer.from('{"type":"a","action":"b","key":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]),
    'json_invalid',
    400,
  ],
  [
    'deep nesting',
    `{"type":"a","action":"b","key":"c","object":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    'json_invalid',
    400,
  ],
  [
    '__proto__',
    '{"type":"a","action":"b","key":"c","object":{"__proto__":{"admin":true}}}',
    'json_invalid',
    400,
  ],
];

async function hub(): Promise<{
  node: TestNode;
  redis: Redis;
  prefix: string;
  after: () => Promise<unknown>;
}> {
  const prefix = randomPrefix();
  const node = await startNode({ BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix });
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  const client = await nativeClient(node.url, await node.token(), ['a,still.*.*']);
  const after = async (): Promise<unknown> => {
    await redis.publish(`${prefix}:events`, '{"type":"still","action":"here","key":"","object":null}');
    return (await client.next())['type'];
  };
  return { node, redis, prefix, after };
}

async function counted(node: TestNode, source: string, reason: string): Promise<boolean> {
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  return metrics.includes(`belfry_rejected_total{source="${source}",reason="${reason}"} 1`);
}

describe('rejected input', () => {
  it.each(REJECTED)(
    'that arrives by PUBLISH (%s) is counted, logged once, and disturbs nobody',
    async (_name, text, code) => {
      const { node, redis, prefix, after } = await hub();
      await redis.publish(`${prefix}:events`, text);
      expect(await after()).toBe('still');
      expect(await counted(node, 'channel', code)).toBe(true);
      expect(node.log.filter(({ msg }) => msg === 'rejected input refused')).toHaveLength(1);
    },
  );

  it.each(REJECTED)(
    'that arrives by FCALL (%s) is answered with its code, and is not appended to the log',
    async (_name, text, code) => {
      const { redis, prefix, after } = await hub();
      const before = await redis.xlen(`{${prefix}}:log`);
      await expect(redis.fcall('belfry_publish', 1, `{${prefix}}:log`, text)).rejects.toThrow(
        `BELFRY ${code}`,
      );
      expect(await redis.xlen(`{${prefix}}:log`)).toBe(before);
      expect(await after()).toBe('still');
    },
  );

  it.each(REJECTED)(
    'that arrives by XADD (%s) becomes a dead letter with its code, is counted, and disturbs nobody',
    async (_name, text, code) => {
      const { node, redis, prefix, after } = await hub();
      const before = await redis.xlen(`{${prefix}}:log`);
      await redis.xadd(`{${prefix}}:ingress`, '*', 'event', text);
      await expect.poll(() => redis.xrange(`{${prefix}}:dead-letters`, '-', '+')).toHaveLength(1);
      const [deadLetters] = await redis.xrange(`{${prefix}}:dead-letters`, '-', '+');
      expect(deadLetters?.[1].slice(0, 2)).toEqual(['reason', code]);
      expect(await redis.xlen(`{${prefix}}:log`)).toBe(before);
      await expect.poll(() => counted(node, 'ingress', code)).toBe(true);
      expect(await after()).toBe('still');
    },
  );

  it.each(REJECTED)(
    'that arrives by HTTP (%s) is answered with a sentence, counted, and disturbs nobody',
    async (_name, text, code, status) => {
      const { node, after } = await hub();
      const response = await fetch(`${node.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
        body: typeof text === 'string' ? text : new Uint8Array(text),
      });
      const body = (await response.json()) as { Messages: string[]; Code: number };
      expect([response.status, body.Code]).toEqual([status, status]);
      expect(body.Messages).toEqual([
        expect.stringContaining('xpected'),
        `See /docs/reference/errors#${code}`,
      ]);
      expect(await after()).toBe('still');
      expect(await counted(node, 'http', code)).toBe(true);
    },
  );

  it.each(REJECTED.filter(([, text]) => text.length > 0 && typeof text === 'string'))(
    'that is handed to belfry publish (%s) ends in an error on standard error, with 2 for what is no event at all and 1 for what the hub refuses',
    async (_name, text, code) => {
      const { node, after } = await hub();
      const { code: exit, errorLines } = await runCommand(
        ['publish', '-'],
        { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() },
        String(text),
      );
      const isEvent = /^\s*[[{]/.test(String(text));
      expect([exit, errorLines.join('\n')]).toEqual([
        isEvent ? 1 : 2,
        expect.stringContaining(isEvent ? code : 'neither a topic nor an event'),
      ]);
      expect(await after()).toBe('still');
    },
  );

  it('leaves the memory of the node flat after 200 MB of it', async () => {
    const { redis, prefix, after } = await hub();
    const big = JSON.stringify({ type: 'a', action: 'b', key: 'c', object: 'x'.repeat(2_000_000) });
    const send = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await redis.publish(`${prefix}:events`, big);
      await after();
      await collectGarbage();
    };
    await send(10);
    const before = process.memoryUsage();
    await send(90);
    const { heapUsed, external } = process.memoryUsage();
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(32 * 1024 * 1024);
  }, 60_000);
});
