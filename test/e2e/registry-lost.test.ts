import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { ask, dial, type Shown } from '../gateway/connections-helpers.ts';
import { nativeClient, type TestClient } from '../support/client.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { startNodeProcess, type NodeProcess } from '../support/process.ts';
import { randomPrefix } from '../support/redis.ts';

/** The registry must be right again by then, whatever happened. */
const RIGHT_WITHIN_MS = 15_000;

const PER_NODE = 100;
const NAMES = Array.from({ length: 30 }, (_, i) => `p${i}`);
const CROWD = NAMES.map((name) => `user:${name}`).join(',');

/** A client of the crowd, and the node that holds it. */
interface Held {
  readonly node: NodeProcess;
  readonly address: string;
  readonly client: TestClient;
}

function start(name: string, prefix: string): Promise<NodeProcess> {
  return startNodeProcess({
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: prefix,
    BELFRY_NODE: name,
    BELFRY_JWT_SECRET: TEST_SECRET,
  });
}

async function fill(node: NodeProcess, tokens: readonly string[]): Promise<Held[]> {
  const clients = Array.from({ length: PER_NODE }, (_, i) => dial(node, tokens[i % tokens.length]));
  return (await Promise.all(clients)).map((client) => ({ node, address: client.address, client }));
}

/** `<action> <address>` of each of the next `count` events. */
async function heard(listener: TestClient, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const { action, object } = await listener.next();
    lines.push(`${String(action)} ${(object as Shown).RemoteAddr}`);
  }
  return lines.toSorted();
}

function told(action: string, some: readonly Held[]): string[] {
  return some.map(({ address }) => `${action} ${address}`);
}

async function waitForTruth(
  nodes: readonly NodeProcess[],
  admin: string,
  truth: readonly Held[],
): Promise<void> {
  const expected = truth.map(({ address }) => address).toSorted();
  for (const node of nodes) {
    const listed = async (): Promise<string[]> => {
      const path = `/connections?Principal=In(${CROWD})`;
      const { status, body } = await ask<Shown[]>(node.url, path, admin);
      return status === 200 ? body.map(({ RemoteAddr }) => RemoteAddr).toSorted() : [];
    };
    await expect.poll(listed, { timeout: RIGHT_WITHIN_MS, interval: 200 }).toEqual(expected);
  }
}

it('three nodes drop a killed and a suspended node from the registry, accept both again, and restore what Redis lost', async () => {
  const prefix = randomPrefix();
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  const { token } = await startNode();
  const admin = await token();
  const tokens = await Promise.all(NAMES.map((name) => token(name, {})));
  const [one, two, three] = await Promise.all([
    start('n1', prefix),
    start('n2', prefix),
    start('n3', prefix),
  ]);
  const listeners = await Promise.all(
    [one, two].map((node) => nativeClient(node.url, admin, [`connections.*.${CROWD}`])),
  );
  const [ofOne, ofTwo, ofThree] = await Promise.all([
    fill(one, tokens),
    fill(two, tokens),
    fill(three, tokens),
  ]);
  const all = [...ofOne, ...ofTwo, ...ofThree];
  for (const listener of listeners)
    expect(await heard(listener, all.length)).toEqual(told('create', all).toSorted());
  await waitForTruth([one, two, three], admin, all);

  two.child.kill('SIGSTOP');
  three.child.kill('SIGKILL');
  await waitForTruth([one], admin, ofOne);
  for (const { client } of ofTwo.slice(0, 10)) client.ws.terminate();
  const stayed = ofTwo.slice(10);
  const again = await start('n3', prefix);
  const ofAgain = await fill(again, tokens);
  two.child.kill('SIGCONT');
  const truth = [...ofOne, ...stayed, ...ofAgain];
  await waitForTruth([one, two, again], admin, truth);
  const changes = [
    ...told('delete', [...ofTwo, ...ofThree]),
    ...told('create', [...stayed, ...ofAgain]),
  ].toSorted();
  for (const listener of listeners) expect(await heard(listener, changes.length)).toEqual(changes);

  await redis.unlink(await redis.keys(`{${prefix}}:*`));
  await waitForTruth([one, two, again], admin, truth);
  const more = listeners.flatMap(({ unread }) => unread.filter((frame) => frame.includes('"connections"')));
  expect(more).toEqual([]);
}, 60_000);
