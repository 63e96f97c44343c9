import { expect, it } from 'vitest';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../../support/redis.ts';

needConsole();

it.skipIf(!HAS_REDIS_SERVER)(
  'a quiet screen says that no events flow while Redis is away, and shows what is published afterwards',
  async () => {
    const redis = await startRedisServer();
    const node = await startConsoleNode({ BELFRY_REDIS_URL: redis.url });
    const page = await openConsole(await startBrowser(), node, { path: '/live' });
    await page.getByText('Follows the newest').waitFor();
    await redis.stop();
    const fault = page.getByText('The page goes on by itself when that is over.');
    await fault.waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await redis.restart();
    await fault.waitFor({ state: 'detached' });
    const published = await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'jobs', action: 'run', key: 'after-the-fault' }),
    });
    expect(published.status).toBe(204);
    await page.getByText('after-the-fault').waitFor();
  },
  90_000,
);
