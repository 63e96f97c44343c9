import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeFetch } from '../../../src/clients/cli/node-fetch.ts';
import { CommandPublisher, HttpPublisher, RedisPublisher } from '../../../src/clients/conformance/publish.ts';
import { startNode } from '../../support/node.ts';
import { startRedisServer } from '../../support/redis.ts';
import { namesOf, runChecks } from './run-checks.ts';

const ONCE = ['norn.once', 'drp.once', 'provisioning.once', 'dorgu.once', 'mist.logs-once'];
const selects = (name: string): boolean => ONCE.includes(name);
const NORN = { dialects: ['norn'], selects: (name: string): boolean => name === 'norn.event-deploy-step' };

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

/** A server that takes events by HTTP, and what it was sent. */
async function receiver(answer: (body: unknown) => Answer): Promise<{ url: URL; taken: unknown[] }> {
  const taken: unknown[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body: unknown = JSON.parse(await text(request));
      const { status, type = 'application/json', body: said = '' } = answer(body);
      if (status < 300) taken.push(body);
      response.writeHead(status, { 'Content-Type': type }).end(said);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`), taken };
}

const written = (key: string) => ({
  event: { type: 'deploy', action: 'step', key, object: { step: 'build' } },
  body: { type: 'deploy.step', appId: key },
});

describe('events of the checks are published', () => {
  it('through the ingress in Redis, in the words of each system', async () => {
    const redis = await startRedisServer();
    const node = await startNode({ BELFRY_REDIS_URL: redis.url, BELFRY_LISTEN: '127.0.0.1:0=native' });
    const publisher = new RedisPublisher(new URL(redis.url));
    onTestFinished(() => publisher.close());
    const results = await runChecks({ url: node.url, selects, publisher });
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(namesOf(results, 'passed').toSorted()).toEqual(ONCE.toSorted());
  });

  it('by a command, which reads the event and has its parts as variables; one that fails skips the check', async () => {
    const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=native' });
    const url = `${node.url}/api/v3/events?token=${await node.token()}`;
    const post = new CommandPublisher(
      `test "$EVENT_TYPE" = deploy && curl -fs '${url}' -H 'Content-Type: application/json' -d @-`,
    );
    expect(namesOf(await runChecks({ url: node.url, ...NORN, publisher: post }), 'passed')).toHaveLength(1);
    const failing = new CommandPublisher('echo "no such cluster" >&2; exit 3');
    const [skipped] = await runChecks({ url: node.url, ...NORN, publisher: failing });
    expect([skipped?.state, skipped?.detail]).toEqual([
      'skipped',
      'the command that publishes ended with 3 for deploy.step: no such cluster',
    ]);
  });

  it('by HTTP as a list, and one by one to a server that takes no lists', async () => {
    const whole = await receiver(() => ({ status: 204 }));
    const single = await receiver((body) => ({ status: Array.isArray(body) ? 400 : 204 }));
    for (const { url } of [whole, single]) {
      const publisher = new HttpPublisher(url, nodeFetch({}, false));
      await publisher.publish([written('a'), written('b')]);
    }
    const [a, b] = [written('a').body, written('b').body];
    expect([whole.taken, single.taken]).toEqual([[[a, b]], [a, b]]);
  });

  it.each([
    [{ status: 404 }, 'answered 404'],
    [{ status: 200, type: 'text/html', body: '<html></html>' }, 'answered 200 with a page'],
  ])('nowhere where the server answers %j, which skips the check', async (answer, why) => {
    const { url } = await receiver(() => answer);
    const publisher = new HttpPublisher(url, nodeFetch({}, false));
    await expect(publisher.publish([written('a')])).rejects.toThrow(
      `no event could be published: POST ${url.href} ${why}`,
    );
  });
});
