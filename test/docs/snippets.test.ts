import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { startNode, type TestNode } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { page } from './pages.ts';

/** The JavaScript blocks of a page of `src/docs/how-to`, in order. */
function scriptsOf(name: string): string[] {
  const { text } = page(`src/docs/how-to/${name}.md`);
  return Array.from(text.matchAll(/```js\n([\s\S]*?)```/g), ([, script = '']) => script);
}

/** Runs a script as a program of its own that uses this node. */
async function program(script: string, node: TestNode, redisUrl = ''): Promise<CommandProcess> {
  const { host } = new URL(node.url);
  const text = script.replaceAll('localhost:8800', host).replaceAll('redis://localhost:6379', redisUrl);
  return new CommandProcess([], { BELFRY_TOKEN: await node.token() }, ['--input-type=module', '-e', text]);
}

async function ask(node: TestNode, path: string, method = 'GET'): Promise<unknown> {
  const response = await fetch(`${node.url}/api/v3/${path}`, {
    method,
    headers: { Authorization: `Bearer ${await node.token()}` },
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function publish(node: TestNode, key: string): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'profiles', action: 'save', key, object: null }),
  });
  expect(response.status).toBe(204);
}

it('the documented program with the SDK of CloudEvents publishes an event', async () => {
  const node = await startNode();
  const [script = ''] = scriptsOf('publish-cloudevents');
  expect((await (await program(script, node)).exited).code).toBe(0);
  expect(await ask(node, 'events?pattern=deploy.step.web')).toMatchObject({
    events: [{ object: { step: 'build' }, metadata: { cloudevent: { source: '/ci/42' } } }],
  });
});

const patternsOf = async (node: TestNode): Promise<unknown> =>
  ((await ask(node, 'connections?Dialect=native')) as { Patterns: unknown }[]).map(
    ({ Patterns }) => Patterns,
  );

it.skipIf(!HAS_REDIS_SERVER)(
  'the documented programs for Node publish by HTTP and by Redis, and print an id',
  async () => {
    const { url } = await startRedisServer();
    const node = await startNode({ BELFRY_REDIS_URL: url });
    const [byHttp = '', byRedis = ''] = scriptsOf('publish-from-node');
    for (const script of [byHttp, byRedis]) {
      const running = await program(script, node, url);
      await running.line(/\d+-\d+/);
      expect((await running.exited).code).toBe(0);
    }
    const heard = async (): Promise<unknown> =>
      ((await ask(node, 'events?pattern=profiles.*.*')) as { events: unknown[] }).events.length;
    await expect.poll(heard).toBe(2);
  },
);

it('the documented program for Node hears events, and says why the hub closed', async () => {
  const node = await startNode();
  const [script = ''] = scriptsOf('listen-from-node');
  const running = await program(script, node);
  await expect.poll(() => patternsOf(node)).toEqual([['profiles.*.*']]);
  await publish(node, 'one');
  await running.line(/key: 'one'/);
  await ask(node, 'connections?Dialect=native', 'DELETE');
  await running.line(/The hub closed with 4009/, running.errorLines);
});

it('the documented script with a WebSocket reconnects with a fresh token when its token is revoked, and misses nothing', async () => {
  const node = await startNode();
  const script = scriptsOf('listen-in-a-browser')[1] ?? '';
  const heard: unknown[] = [];
  const sockets: WebSocket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.close(1000)));
  let tokens = 0;
  runInNewContext(script.replaceAll('wss://hub.example', node.url.replace('http', 'ws')), {
    WebSocket: class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    },
    freshToken: async () => {
      tokens++;
      if (tokens === 2) await publish(node, 'two');
      return node.token('ada', { subscribe: ['profiles.*.*'] });
    },
    setTimeout,
    setInterval,
    clearInterval,
    console: {
      log: ({ key }: { key: string }) => heard.push(key),
      warn: (...all: unknown[]) => heard.push(all),
      error: (...all: unknown[]) => heard.push(all),
    },
  });
  await expect.poll(() => patternsOf(node)).toEqual([['profiles.*.*']]);
  await publish(node, 'one');
  await expect.poll(() => heard).toEqual(['one']);
  await ask(node, 'tokens?principal=user:ada', 'DELETE');
  await expect.poll(() => heard).toEqual(['one', 'two']);
});
