import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HAS_HAPROXY, startHaproxy } from '../support/haproxy.ts';
import { MigratingPage } from '../support/migrating-clients.ts';
import { startNode, TEST_SECRET } from '../support/node.ts';
import { startOldServer } from '../support/old-server.ts';
import { MigrationGuide } from './migration-guide.ts';

interface System {
  readonly name: string;
  /** What its page dials, and how long it waits before it dials again, in ms. */
  readonly dials: string;
  readonly reconnectMs: number;
  readonly headers?: () => Readonly<Record<string, string>>;
  /** What its server tells its pages of the n-th event. */
  readonly frame: (n: number) => object;
  /** What is published to the hub of the n-th event. Without it, the same as its server tells. */
  readonly published?: (n: number) => object;
  /** What its page makes of a frame. */
  readonly shown: (frame: Frame) => unknown;
}

interface Frame {
  readonly type?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const SYSTEMS: readonly System[] = [
  {
    name: 'norn',
    dials: '/ws',
    reconnectMs: 3000,
    frame: (n) => ({
      type: 'deploy.step',
      appId: 'myapp',
      payload: { index: String(n), sagaId: 's1', status: 'running', step: 'build', total: '9' },
    }),
    shown: (frame) => frame,
  },
  {
    name: 'dorgu',
    dials: '/ws',
    reconnectMs: 5000,
    frame: (n) => ({ type: 'cluster.updated', data: { name: `cluster-${n}` } }),
    published: (n) => ({
      type: 'cluster.updated',
      data: { name: `cluster-${n}`, spec: { name: `cluster-${n}` }, status: { phase: 'Ready' } },
    }),
    shown: (frame) => frame,
  },
  {
    name: 'mist',
    dials: '/api/ws/container/logs?appId=42',
    reconnectMs: 1000,
    headers: () => ({ Cookie: `mist_token=${mistToken()}` }),
    frame: (n) => ({
      type: 'log',
      timestamp: '2026-01-15T10:30:00+01:00',
      data: { line: `line ${n}`, stream: 'stdout' },
    }),
    published: (n) => ({
      type: 'container',
      action: 'log',
      key: '42',
      object: { line: `line ${n}`, stream: 'stdout' },
    }),
    // The page shows other frames, such as the status, elsewhere.
    shown: ({ type, data }) => (type === 'log' ? data : undefined),
  },
];

/** A token with the claims that Mist gives its users. */
function mistToken(): string {
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ user_id: 7, email: 'ada@example.com', role: 'owner', exp })}`;
  return `${signed}.${createHmac('sha256', TEST_SECRET).update(signed).digest('base64url')}`;
}

describe.skipIf(!HAS_HAPROXY)('the guide that moves the pages of a system by a route of its proxy', () => {
  it.each(SYSTEMS)(
    'leads the page of $name to the hub and back, and leaves the other paths with the old server',
    async ({ name, dials, reconnectMs, headers, frame, published = frame, shown }) => {
      const guide = new MigrationGuide(name);
      const settings = guide.settings({ MIST_SECRET: TEST_SECRET });
      const node = await startNode({ ...settings, BELFRY_LISTEN: guide.listener });
      const [path = ''] = dials.split('?');
      const old = await startOldServer([path]);
      const configuration = guide.block('What to point where', 'haproxy');
      const proxy = await startHaproxy(configuration, {
        [`${name}.internal`]: new URL(old.url).host,
        'hub.internal': new URL(node.url).host,
      });
      const origin = `https://${name}.example.com`;
      const page = new MigratingPage(`${proxy.url}${dials}`, reconnectMs / 10, {
        origin,
        headers: headers?.() ?? {},
      });
      const token = await node.token();

      const tellBoth = async (n: number): Promise<void> => {
        old.broadcast(JSON.stringify(frame(n)));
        const answer = await fetch(`${node.url}/api/v3/events`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(published(n)),
        });
        expect(answer.status).toBe(204);
      };
      /** The page shows the n-th event, once. */
      const shows = async (n: number): Promise<void> => {
        const wanted = JSON.stringify(shown(frame(n)));
        const times = (): number =>
          page.heard.filter((heard) => JSON.stringify(shown(heard as Frame)) === wanted).length;
        await expect.poll(times, { timeout: 3000 }).toBe(1);
      };
      const socketsAre = async (where: { old: string[]; hub: number }): Promise<void> => {
        const listening = (): number =>
          [...node.hub.connections].filter(({ cohort }) => cohort !== undefined).length;
        await expect.poll(() => ({ old: old.open(), hub: listening() }), { timeout: 8000 }).toEqual(where);
      };
      const otherPaths = async (): Promise<string> => (await fetch(`${proxy.url}/api/apps`)).text();

      await socketsAre({ old: [path], hub: 0 });
      await tellBoth(1);
      await shows(1);

      const moved = guide.moved(configuration);
      await proxy.reload(moved);
      await socketsAre({ old: [], hub: 1 });
      await tellBoth(2);
      await shows(2);
      expect(await otherPaths()).toBe('the old server');

      const movedBack = guide.movedBack(moved);
      expect(movedBack).toBe(configuration);
      await proxy.reload(movedBack);
      await socketsAre({ old: [path], hub: 0 });
      await tellBoth(3);
      await shows(3);
      expect(await otherPaths()).toBe('the old server');
    },
  );
});
