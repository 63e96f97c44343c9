import { describe, expect, it } from 'vitest';
import { HAS_HAPROXY, startHaproxy } from '../support/haproxy.ts';
import { MigratingPage } from '../support/migrating-clients.ts';
import { startNode } from '../support/node.ts';
import { startOldServer } from '../support/old-server.ts';
import { MigrationGuide } from './migration-guide.ts';

interface System {
  readonly name: string;
  /** The path that its page dials, and how long it waits before it dials again, in ms. */
  readonly path: string;
  readonly reconnectMs: number;
  /** What its server tells its pages of the n-th event. */
  readonly frame: (n: number) => object;
}

const SYSTEMS: readonly System[] = [
  {
    name: 'norn',
    path: '/ws',
    reconnectMs: 3000,
    frame: (n) => ({
      type: 'deploy.step',
      appId: 'myapp',
      payload: { index: String(n), sagaId: 's1', status: 'running', step: 'build', total: '9' },
    }),
  },
];

describe.skipIf(!HAS_HAPROXY)('the guide that moves the pages of a system by a route of its proxy', () => {
  it.each(SYSTEMS)(
    'leads the page of $name to the hub and back, and leaves the other paths with the old server',
    async ({ name, path, reconnectMs, frame }) => {
      const guide = new MigrationGuide(name);
      const { settings } = guide;
      const node = await startNode({ ...settings, BELFRY_LISTEN: `127.0.0.1:0=${name}` });
      const old = await startOldServer([path]);
      const configuration = guide.block('What to point where', 'haproxy');
      const proxy = await startHaproxy(configuration, {
        [`${name}.internal:8800`]: new URL(old.url).host,
        'hub.internal:8800': new URL(node.url).host,
      });
      const origin = settings['NORN_ALLOWED_ORIGINS'] ?? 'https://pages.example.com';
      const page = new MigratingPage(`${proxy.url}${path}`, reconnectMs / 10, { origin });
      const token = await node.token();

      const tellBoth = async (n: number): Promise<void> => {
        old.broadcast(JSON.stringify(frame(n)));
        const answer = await fetch(`${node.url}/api/v3/events`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(frame(n)),
        });
        expect(answer.status).toBe(204);
      };
      const socketsAre = async (where: { old: string[]; hub: number }): Promise<void> => {
        await expect
          .poll(() => ({ old: old.open(), hub: [...node.hub.connections].length }), { timeout: 8000 })
          .toEqual(where);
      };
      const otherPaths = async (): Promise<string> => (await fetch(`${proxy.url}/api/apps`)).text();

      await socketsAre({ old: [path], hub: 0 });
      await tellBoth(1);
      await expect.poll(() => page.heard).toEqual([frame(1)]);
      page.heard.length = 0;

      const moved = guide.moved(configuration);
      proxy.reload(moved);
      await socketsAre({ old: [], hub: 1 });
      await tellBoth(2);
      await expect.poll(() => page.heard.at(-1)).toEqual(frame(2));
      expect(page.heard.filter((heard) => JSON.stringify(heard) === JSON.stringify(frame(2)))).toHaveLength(
        1,
      );
      expect(await otherPaths()).toBe('the old server');
      page.heard.length = 0;

      const movedBack = guide.movedBack(moved);
      expect(movedBack).toBe(configuration);
      proxy.reload(movedBack);
      await socketsAre({ old: [path], hub: 0 });
      await tellBoth(3);
      await expect.poll(() => page.heard).toEqual([frame(3)]);
      expect(await otherPaths()).toBe('the old server');
    },
  );
});
