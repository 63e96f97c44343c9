import { once } from 'node:events';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { startApp } from '../../src/app.ts';
import { signToken } from '../../src/app-token.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ManualClock } from '../support/clock.ts';
import { connect, type TestClient } from '../support/client.ts';
import { TEST_SECRET } from '../support/node.ts';

/** Until the hub has read whatever this client has sent. */
async function heardOut({ ws }: TestClient): Promise<void> {
  const answered = once(ws, 'pong');
  ws.ping();
  await answered;
}

it.each([
  ['norn', '/norn/ws', 30, 75],
  ['dorgu, as its document says,', '/dorgu/ws', 54, 60],
  ['drp', '/api/v3/ws', 54, 60],
  ['native', '/native/ws', 25, 60],
])(
  'a client of %s at %s is pinged after %d s, cut after %d s when it never pongs, and lives when it does',
  async (_who, path, pingS, waitS) => {
    const clock = new ManualClock(new Date().toISOString());
    const config = loadConfig({ BELFRY_LISTEN: '127.0.0.1:0=drp', BELFRY_JWT_SECRET: TEST_SECRET });
    const app = await startApp(config, pino({ level: 'silent' }), clock);
    onTestFinished(() => app.stop());
    const token = await signToken(config, { subject: 'admin', roles: ['admin'], ttlS: 600 });
    const url = `${app.listening[0]?.url.replace('http', 'ws')}${path}`;
    const headers = { Authorization: `Bearer ${token}` };
    const silent = await connect(url, { headers, autoPong: false });
    const alive = await connect(url, { headers });

    clock.advance(pingS * 1_000 - 1);
    const pinged = [silent, alive].map(({ ws }) => once(ws, 'ping'));
    clock.advance(1);
    await Promise.all(pinged);
    await heardOut(alive);
    clock.advance((waitS - pingS) * 1_000 - 1);
    await heardOut(silent);
    clock.advance(1);
    expect(await silent.closed).toMatchObject({ code: 1006 });
    await heardOut(alive);
    expect(app.hub.connections.size).toBe(1);
  },
);
