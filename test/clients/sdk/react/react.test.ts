import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import * as React from 'react';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../../support/browser.ts';
import { INSTALL_MS, npm, QUIET } from '../../../package/npm.ts';
import { startNode } from '../../../support/node.ts';
import { publishTo } from '../world.ts';
import type { scenarios } from './scenarios.ts';

/** The React of the checkout, and the one before it. */
const OLDER = '18.3.1';

let browser: Browser;
let folder: string;
let page: Page;
const errors: string[] = [];

/** The scenarios and React, as a bundler makes one script of them for a browser. */
async function scriptOf(alias: Readonly<Record<string, string>>): Promise<string> {
  const bundle = await rolldown({
    input: 'test/clients/sdk/react/scenarios.ts',
    platform: 'browser',
    resolve: { alias },
    // Only as it is built for development, React mounts twice under StrictMode and warns of faults.
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
    // A browser has no use for 'use client'.
    onLog: () => undefined,
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'page', codeSplitting: false });
  await bundle.close();
  return `${output[0].code}\nglobalThis.scenarios = page.scenarios`;
}

beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'belfry-react-'));
  await npm(folder, 'install', ...QUIET, '--prefix', folder, `react@${OLDER}`, `react-dom@${OLDER}`);
}, INSTALL_MS);
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

/** Plays a scenario with a hub of its own, and resolves with what the page saw. */
async function play(name: keyof typeof scenarios, ...args: readonly string[]): Promise<unknown> {
  const seen: unknown = await page.evaluate(`scenarios.${name}(...${JSON.stringify(args)})`);
  expect(errors.splice(0)).toEqual([]);
  return seen;
}

describe.each([React.version, OLDER])('hooks of React %s in a browser', (version) => {
  beforeAll(async () => {
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      // A browser notes each answer 404. The hub gives one where it keeps no value.
      if (message.type() === 'error' && !message.text().includes('status of 404'))
        errors.push(message.text());
    });
    const older = join(folder, 'node_modules');
    const alias = { react: join(older, 'react'), 'react-dom': join(older, 'react-dom') };
    await page.evaluate(await scriptOf(version === OLDER ? alias : {}));
  });
  afterAll(() => page.close());

  it('run with that React', async () => {
    expect(await play('version')).toBe(version);
  });

  it('subscribe once under StrictMode, and double no event', async () => {
    expect(await play('strictMode')).toEqual({
      heard: ['1', '2'],
      // One for each kind of hook.
      listeners: 2,
      commands: ['subscribe jobs.*.*'],
      connections: 1,
    });
  });

  it('draw 10,000 events of one task in a few renders, keep the last 200 and count the others', async () => {
    const { renders, ...seen } = (await play('burst')) as { renders: number };
    expect(renders).toBeLessThan(60);
    expect(seen).toEqual({
      kept: 200,
      inOrder: true,
      dropped: 9_800,
      gap: undefined,
      heard: 10_000,
      heardInOrder: true,
      joined: true,
    });
  });

  it('subscribe once where lists, filters and a time are new objects at each render', async () => {
    expect(await play('literals')).toEqual({
      subscribed: ['subscribe jobs.*.* more.*.*'],
      isRendered: true,
    });
  });

  it('leave when they are unmounted, and begin anew when they come back', async () => {
    expect(await play('comeAndGo')).toEqual({
      left: ['subscribe jobs.*.*', 'unsubscribe jobs.*.*'],
      commands: ['subscribe jobs.*.*', 'unsubscribe jobs.*.*', 'subscribe jobs.*.*'],
    });
  });

  it('show nothing of the pattern before when the pattern changes', async () => {
    expect(await play('patternChanges')).toEqual({
      commands: ['subscribe jobs.*.*', 'subscribe jobs.save.2,3', 'unsubscribe jobs.*.*'],
      dropped: 0,
    });
  });

  it('share one subscription among components that ask for the same, each of which hears each event', async () => {
    expect(await play('sharing')).toEqual({
      commands: ['subscribe jobs.*.*'],
      heard: ['c1', 'd1'],
      isSame: true,
    });
  });

  it('keep and count what comes while they are paused', async () => {
    expect(await play('paused')).toEqual([
      { shown: '1 2', dropped: 0, waiting: 2, status: 'open' },
      { shown: '1 2', dropped: 0, waiting: 4, status: 'open' },
      { shown: '3 4 5 6', dropped: 2, waiting: 0, status: 'open' },
    ]);
  });

  it('go on after a lost connection, and tell a gap', async () => {
    expect(await play('gapAndDrop')).toEqual({
      first: 'none',
      gap: 'trimmed',
      heard: ['1', 'trimmed', '3'],
      begin: 'idle',
      states: ['idle', 'connecting', 'open', 'waiting'],
    });
  });

  it('tell why a pattern is refused', async () => {
    expect(await play('refused')).toEqual({ error: 'pattern_invalid' });
  });

  it('go on where they were when the client connects again after it was closed for good', async () => {
    expect(await play('closedForGood')).toEqual({
      closeCode: 4009,
      shown: '1',
      heard: ['1', '2'],
      error: 'none',
    });
  });

  it('show nothing after a logout, and connect only when the program does', async () => {
    expect(await play('logout')).toEqual({ after: { shown: '', connections: 0 }, quietly: 'idle' });
  });

  it('go on after an event that does not fit its schema', async () => {
    expect(await play('invalidEvent')).toEqual('goes on');
  });

  it('call the latest callback, subscribe once for all of them, and go on after one that throws', async () => {
    expect(await play('callback')).toEqual({
      heard: ['0:1', '1:2', '2:3'],
      errors: ['Error: two is bad'],
      commands: ['subscribe jobs.*.*', 'unsubscribe jobs.*.*'],
    });
  });

  it('publish, and say what became of it', async () => {
    expect(await play('publish')).toEqual({
      id: expect.stringMatching(/^\d+-\d+$/) as string,
      seen: ['false', 'true', 'false', 'false event_invalid'],
      published: ['1'],
    });
  });

  it('take over what a server drew without a difference, though the client is connected already', async () => {
    expect(await play('hydration')).toEqual({ served: 'idle 0 ', isConnected: false, complaints: [] });
  });

  it('show values and presence live, and ask again where an answer is lost', async () => {
    const node = await startNode({
      BELFRY_RETENTION: '[{"pattern":"machines.*.*","latest":true}]',
      BELFRY_PRESENCE_GRACE_MS: '0',
    });
    await publishTo(node, 'machines.save.a');
    const seen = await play('values', node.url, await node.token(), await node.token('ada'));
    expect(seen).toEqual({ isLost: true, status: 'open', maps: true });
  });

  it('say what the hub forbids', async () => {
    const node = await startNode();
    const token = await node.token('bob', { subscribe: ['jobs.*.*'] });
    expect(await play('forbidden', node.url, token)).toEqual([
      'closed not_found',
      'closed forbidden',
      'closed forbidden',
      'closed forbidden',
    ]);
  });
});
