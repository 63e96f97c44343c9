import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Redis } from 'ioredis';
import { runHere } from '../support/command.ts';
import { startHttpServer } from '../support/http-server.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;
const GRANTS = {
  subscribe: ['task.*.*', 'sink.*.billing'],
  publish: ['sink.cursor.billing', 'dead-letters.add.billing', 'leases.take.sink:billing'],
};

interface Post {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** A receiver that answers each post with a status. */
async function receiver(answer: (post: Post) => number | Promise<number> = () => 204) {
  const posts: Post[] = [];
  const { url } = await startHttpServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const event = JSON.parse(body) as Post['event'];
      const post = { id: String(request.headers['webhook-id']), headers: request.headers, body, event };
      posts.push(post);
      response.writeHead(await answer(post)).end();
    })();
  });
  const ids = (): string[] => posts.map(({ id }) => id);
  return { to: url, posts, ids };
}

async function startHub(settings: Record<string, string> = {}) {
  const node = await startNode(settings);
  const admin = { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' };
  const publish = async (...events: object[]): Promise<string[]> => {
    const response = await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: admin,
      body: JSON.stringify(events.map((event) => ({ type: 'task', action: 'done', object: null, ...event }))),
    });
    expect(response.status).toBe(204);
    return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
  };
  return { node, publish };
}

async function sink(node: TestNode, to: string, ...args: string[]): Promise<CommandProcess> {
  const env = {
    BELFRY_URL: node.url,
    BELFRY_TOKEN: await node.token('billing', GRANTS),
    BELFRY_WEBHOOK_SECRET: SECRET,
  };
  const command = new CommandProcess(
    ['sink', 'webhook', 'task.*.*', '--to', to, '--name', 'billing', ...args],
    env,
  );
  await command.line(/goes on after/, command.errorLines);
  return command;
}

async function redisSettings(): Promise<Record<string, string>> {
  const prefix = randomPrefix();
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`{${prefix}}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  return { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
}

const patient = (check: () => void): Promise<void> => vi.waitFor(check, 12_000);

describe('belfry sink webhook', () => {
  it('posts signed events, and goes on after a stop where it was, without a file and without a double', async () => {
    const { node, publish } = await startHub();
    const { to, posts, ids } = await receiver();
    const first = await sink(node, to);
    const before = await publish({ key: '1', object: { text: '„ü“ 😀' } }, { key: '2' });
    await patient(() => expect(ids().toSorted()).toEqual(before));
    for (const { body, headers } of posts)
      expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
        type: 'task',
      });
    first.child.kill('SIGTERM');
    expect((await first.exited).code).toBe(0);
    const meanwhile = await publish({ key: '1' }, { key: '1' });
    await sink(node, to);
    const after = await publish({ key: '1' });
    await patient(() => expect(ids()).toEqual([...before, ...meanwhile, ...after]));
  });

  it('repeats after kill -9 only what it had not written down, under the same webhook-id', async () => {
    const { node, publish } = await startHub();
    const { to, ids } = await receiver();
    const first = await sink(node, to);
    const wanted: string[] = [];
    for (let n = 0; n < 10; n++)
      wanted.push(
        ...(await publish(...Array.from({ length: 100 }, (_, i) => ({ key: `${i % 20}`, object: n })))),
      );
    await patient(() => expect(ids().length).toBeGreaterThan(600));
    first.child.kill('SIGKILL');
    await first.exited;
    const posted = ids().length;
    await sink(node, to);
    await patient(() => expect(new Set(ids()).size).toBe(wanted.length));
    const last = await publish({ key: 'last' });
    await patient(() => expect(ids()).toContain(last[0]));
    expect(posted).toBeLessThan(wanted.length);
    // What it delivers between two writes, and what was under way.
    expect(ids().length - wanted.length - 1).toBeLessThanOrEqual(256 + 100);
  }, 40_000);

  it.each(['memory', 'redis'])(
    'makes a dead letter of what is not accepted in time, and delivers it when that is retried (%s)',
    async (broker) => {
      const { node, publish } = await startHub(broker === 'redis' ? await redisSettings() : {});
      let isMended = false;
      const { to, posts, ids } = await receiver(({ event }) =>
        event['key'] === 'bad' && !isMended ? 400 : 204,
      );
      await sink(node, to, '--retry-for', '500ms');
      const [bad = '', good = ''] = await publish({ key: 'bad', object: 12 }, { key: 'good' });
      const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
      const letters = async (): Promise<Record<string, string>[]> =>
        (await runHere(['dead-letters', '-o', 'jsonl'], env)).lines.map(
          (line) => JSON.parse(line) as Record<string, string>,
        );
      await vi.waitFor(async () => expect(await letters()).toHaveLength(1), 12_000);
      const [letter = {}] = await letters();
      expect(letter).toMatchObject({ sink: 'billing', reason: 'delivery_failed', entry: bad });
      expect(letter['message']).toContain('did not accept it within 500 ms: the answer was 400');
      expect(ids()).toContain(good);

      isMended = true;
      const attempts = ids().filter((id) => id === bad).length;
      expect((await runHere(['dead-letters', 'retry', letter['id'] ?? ''], env)).code).toBe(0);
      await patient(() => expect(ids().filter((id) => id === bad)).toHaveLength(attempts + 1));
      await vi.waitFor(async () => expect(await letters()).toEqual([]), 12_000);
      expect(posts.findLast(({ id }) => id === bad)?.event).toMatchObject({
        id: bad,
        key: 'bad',
        object: 12,
      });
    },
    30_000,
  );

  it('tells its receiver of a gap in the log as the hub tells clients, and goes on', async () => {
    const settings = await redisSettings();
    const { node, publish } = await startHub(settings);
    const { to, posts, ids } = await receiver();
    const first = await sink(node, to);
    await publish({ key: '1' });
    await patient(() => expect(posts).toHaveLength(1));
    first.child.kill('SIGTERM');
    await first.exited;
    const [, last = ''] = await publish({ key: 'lost' }, { key: '2' });
    const redis = new Redis(inject('redisUrl'));
    await redis.xtrim(`{${settings['BELFRY_PREFIX']}}:log`, 'MAXLEN', 1);
    redis.disconnect();
    posts.length = 0;
    // Another node has not what the first one keeps in its memory.
    await sink(await startNode(settings), to);
    await patient(() => expect(ids()).toContain(last));
    await patient(() => expect(posts).toHaveLength(2));
    expect(posts.find(({ event }) => event['type'] === 'belfry')?.event).toMatchObject({
      action: 'gap',
      object: { reason: 'trimmed' },
    });
  }, 30_000);

  it('posts once what two replicas with one name follow, and the other goes on when one ends', async () => {
    const { node, publish } = await startHub(await redisSettings());
    const { to, ids } = await receiver();
    const first = await sink(node, to);
    const second = new CommandProcess(['sink', 'webhook', 'task.*.*', '--to', to, '--name', 'billing'], {
      BELFRY_URL: node.url,
      BELFRY_TOKEN: await node.token('billing', GRANTS),
      BELFRY_WEBHOOK_SECRET: SECRET,
    });
    await second.line(/another process works as billing/, second.errorLines);
    const before = await publish({ key: '1' }, { key: '1' });
    await patient(() => expect(ids()).toEqual(before));
    first.child.kill('SIGTERM');
    const after = await publish({ key: '1' }, { key: '1' });
    await second.line(/goes on after/, second.errorLines);
    await patient(() => expect(ids()).toEqual([...before, ...after]));
  }, 30_000);

  it('ends with 1 and says so when its receiver wants nothing more', async () => {
    const { node, publish } = await startHub();
    const { to } = await receiver(() => 410);
    const command = await sink(node, to);
    await publish({ key: '1' });
    expect((await command.exited).code).toBe(1);
    expect(command.errorLines.join('\n')).toContain('wants no more events: it answered with 410.');
  });

  it('ends with 4 at its start where it may not write how far it came, and names the grant', async () => {
    const { node } = await startHub();
    const { to } = await receiver();
    const env = {
      BELFRY_URL: node.url,
      BELFRY_TOKEN: await node.token('billing', { ...GRANTS, publish: ['leases.take.*'] }),
      BELFRY_WEBHOOK_SECRET: SECRET,
    };
    const args = ['sink', 'webhook', 'task.*.*', '--to', to, '--name', 'billing'];
    const { code, errorLines } = await runHere(args, env);
    expect([code, errorLines.join('\n')]).toEqual([4, expect.stringContaining('sink.cursor.billing')]);
  });

  it('serves its health, which says what its receiver answered, and its metrics', async () => {
    const { node, publish } = await startHub();
    let isUp = false;
    const { to } = await receiver(() => (isUp ? 204 : 500));
    const command = await sink(node, to, '--listen', '127.0.0.1:0');
    const [, port] = /at port (\d+)/.exec(await command.line(/at port \d+/, command.errorLines)) ?? [];
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), 12_000);
    await publish({ key: '1' });
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(503), 12_000);
    expect(await (await get('/readyz')).text()).toContain('the answer was 500');
    isUp = true;
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), 12_000);
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain('belfry_sink_attempts_total{outcome="delivered"} 1');
    expect(metrics).toMatch(/belfry_sink_attempts_total\{outcome="again"\} [1-9]/);
  }, 30_000);

  it.each([
    [['--to', 'http://127.0.0.1:1'], '--name is missing'],
    [['--to', 'http://127.0.0.1:1', '--name', 'a.b'], 'no name of a sink'],
    [['--to', 'http://127.0.0.1:1', '--name', 'a'], 'There is no secret to sign with.'],
    [['--to', 'nowhere', '--name', 'a'], 'no URL to send events to'],
  ])('ends with 2 when it is told %j', async (args, says) => {
    const { code, errorLines } = await runHere(['sink', 'webhook', 'a.*.*', ...args]);
    expect([code, errorLines[0]]).toEqual([2, expect.stringContaining(says)]);
  });
});
