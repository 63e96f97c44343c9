import { expect, it } from 'vitest';
import { watch } from '../../src/clients/cli/watch.ts';
import { startNode } from '../support/node.ts';

it.each([
  [['*.*.*'], ['jobs']],
  [
    ['*.*.*', 'presence.*.*'],
    ['presence', 'jobs'],
  ],
])('belfry watch of %j shows presence only when a pattern names it', async (patterns, types) => {
  const node = await startNode();
  const stop = new AbortController();
  const shown: string[] = [];
  const watching = watch(
    patterns,
    {
      url: node.url,
      token: await node.token(),
      dialect: 'native',
      since: '0-0',
      json: true,
      print: (frame) => shown.push((JSON.parse(frame) as { type: string }).type),
      note: () => {},
    },
    stop.signal,
  );
  await expect.poll(() => node.hub.connections.size).toBe(1);
  await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: '{"type":"jobs","action":"save","key":"a","object":null}',
  });
  await expect.poll(() => shown.at(-1)).toBe('jobs');
  expect(shown).toEqual(types);
  stop.abort();
  await watching;
});
