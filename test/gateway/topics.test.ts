import { describe, expect, it } from 'vitest';
import { startNode } from '../support/node.ts';

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
