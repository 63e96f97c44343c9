import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { FastClock } from '../../support/fast-clock.ts';
import { startFrameProxy } from '../../support/frame-proxy.ts';
import { startNode } from '../../support/node.ts';
import { namesOf, runChecks } from './run-checks.ts';

/** What takes a minute takes six seconds. */
const SPEED = 10;
const TIMEOUTS = /\.(?:ping|pong-wait|sign-in-time|logs-ping|server-logs-ping)$/;
const selects = (name: string): boolean => TIMEOUTS.test(name);
const LISTEN = { BELFRY_LISTEN: '127.0.0.1:0=native' };

describe('the checks that wait for a timeout', () => {
  it('pass at a hub, whose clock goes as fast as theirs', async () => {
    const time = new FastClock(SPEED);
    const hub = await startNode(LISTEN, undefined, undefined, time);
    const results = await runChecks({ url: hub.url, selects, quick: false, time });
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(results.length).toBe(10);
  }, 60_000);

  it('fail at a hub that never pings and cuts nobody', async () => {
    const time = new FastClock(SPEED * 4);
    const hub = await startNode(LISTEN, undefined, undefined, time);
    const url = await startFrameProxy(hub.url, { pings: false, neverCloses: true });
    const results = await runChecks({ url, hub: hub.url, selects, quick: false, time });
    expect(namesOf(results, 'passed')).toEqual(['provisioning.ping']);
    expect(namesOf(results, 'skipped')).toEqual([]);
  }, 60_000);

  it('fail at a server that pings too late or cuts too early', async () => {
    const time = new FastClock(SPEED * 4);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    server.on('connection', (socket) => {
      time.after(65_000, () => socket.ping());
      time.after(30_000, () => socket.terminate());
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const results = await runChecks({
      url,
      selects,
      quick: false,
      time,
      dialects: ['dorgu'],
      patienceMs: 500,
    });
    expect(namesOf(results, 'failed')).toEqual(['dorgu.ping', 'dorgu.pong-wait']);
  });
});
