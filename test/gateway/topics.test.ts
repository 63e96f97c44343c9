import { describe, expect, it } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

describe('GET /api/v3/topics', () => {
  it.each([
    ['everything to whom may hear everything', ['*.*.*'], ['deploy.begin', 'deploy.step', 'logs.line']],
    ['what a pattern grants with every key', ['deploy.step,begin.*'], ['deploy.begin', 'deploy.step']],
    ['nothing of what is granted for some keys alone', ['logs.line.mine'], []],
  ])('shows %s', async (_what, subscribe, topics) => {
    const node = await startNode();
    const published = await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(
        ['deploy.step', 'deploy.begin', 'logs.line', 'deploy.step'].map((name) => {
          const [type, action] = name.split('.');
          return { type, action, key: 'k', object: {} };
        }),
      ),
    });
    expect(published.status).toBe(204);
    const headers = { Authorization: `Bearer ${await node.token('ann', { subscribe })}` };
    const response = await fetch(`${node.url}/api/v3/topics`, { headers });
    const heard = (await response.json()) as { type: string; action: string; events: number }[];
    const ofTest = heard.filter(({ type }) => type !== 'connections' && type !== 'presence');
    expect(ofTest.map(({ type, action }) => `${type}.${action}`)).toEqual(topics);
    const step = ofTest.filter(({ action }) => action === 'step');
    expect(step).toMatchObject(
      step.map(() => ({
        events: 2,
        perSecond: expect.closeTo(2 / 60, 2) as number,
        lastSeen: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      })),
    );
  });
});

describe('GET /api/v3/topics?detail=flow', () => {
  interface Topic {
    readonly type: string;
    readonly perSecond: number;
    readonly flow: {
      readonly sampled: number;
      readonly publishers: object[];
      readonly deliveries: object[];
    } | null;
  }

  const flows = async (node: TestNode, token: string): Promise<Topic[]> => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${node.url}/api/v3/topics?detail=flow`, { headers });
    return (await response.json()) as Topic[];
  };

  it('tells who publishes, and what the connections of which dialect on which node hear', async () => {
    const node = await startNode({ BELFRY_NODE: 'here' });
    const hears = { subscribe: ['jobs.*.*'] };
    await nativeClient(node.url, await node.token('user:ann', hears), ['jobs.*.*']);
    await nativeClient(node.url, await node.token('user:bob', hears), ['jobs.*.*'], {
      filters: { 'object.n': 2 },
    });
    for (const [subject, n] of [
      ['user:ada', 1],
      ['user:ada', 2],
      ['user:ada', 1],
      ['user:eve', 1],
    ] as const)
      await fetch(`${node.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await node.token(subject)}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ type: 'jobs', action: 'save', key: 'k', object: { n } }),
      });
    const jobs = async (subscribe: string[]): Promise<Topic | undefined> =>
      (await flows(node, await node.token('ann', { subscribe }))).find(({ type }) => type === 'jobs');
    const all = await jobs(['*.*.*']);
    const rate = all?.perSecond ?? 0;
    const share = (of: number): number => expect.closeTo(of * rate, 2) as number;
    expect(all?.flow).toEqual({
      sampled: 4,
      publishers: [
        { principal: 'user:ada', perSecond: share(0.75) },
        { principal: 'user:eve', perSecond: share(0.25) },
      ],
      otherPublishersPerSecond: 0,
      // One connection hears all of them, and the filter of the other one admits one of four.
      deliveries: [{ node: 'here', dialect: 'native', perSecond: share(1.25) }],
    });
    expect((await jobs(['jobs.*.*']))?.flow?.deliveries).toEqual([
      { node: null, dialect: 'native', perSecond: share(1.25) },
    ]);
  });

  it('tells nothing of a topic that is not among the latest events', async () => {
    const node = await startNode();
    const publish = async (action: string, count: number): Promise<void> => {
      await fetch(`${node.url}/api/v3/events`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(
          Array.from({ length: count }, () => ({ type: 'jobs', action, key: 'k', object: {} })),
        ),
      });
    };
    await publish('rare', 1);
    for (let batch = 0; batch < 10; batch++) await publish('usual', 100);
    const told = (await flows(node, await node.token())).filter(({ type }) => type === 'jobs');
    expect(told).toMatchObject([
      { action: 'rare', flow: null },
      { action: 'usual', flow: { sampled: 1_000 } },
    ]);
  });
});
