import { setTimeout as pause } from 'node:timers/promises';
import { StalledReader } from './stalled-reader.ts';
import type { Fault } from './fault.ts';
import { pick } from './random.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';
import type { Site } from './world.ts';

const BALLAST = JSON.stringify({
  type: 'ballast',
  action: 'weigh',
  key: 'x',
  object: { n: 0, text: 'x'.repeat(100_000) },
});

const oneSite = ({ world, random }: Stage): Site => pick(random, world.sites);

/** Waits until no client is subscribed at this node any more, so that events reach all clients through the other one. */
async function moved({ clients }: Stage, { url, hub }: Site): Promise<void> {
  const isElsewhere = (client: { url: string | undefined }): boolean =>
    client.url !== undefined && client.url !== url && client.url !== hub.url;
  await until('every client has gone to the other node', () => clients.every(isElsewhere), 60_000);
}

/** The faults of the process of a node, its clock included. */
export const NODE_FAULTS = {
  nodeKilled: {
    fact: 'a node is killed with -9 and comes back',
    async strike(stage) {
      const site = oneSite(stage);
      await site.hub.kill();
      stage.over();
      await moved(stage, site);
      await stage.flow(10);
      await site.hub.start();
    },
  },
  nodeTerminated: {
    fact: 'a node ends by SIGTERM with exit code 0 and comes back',
    async strike(stage) {
      const site = oneSite(stage);
      const code = await site.hub.terminate();
      if (code !== 0) throw new Error(`the node ended with ${code}, not 0`);
      stage.over();
      await moved(stage, site);
      await stage.flow(10);
      await site.hub.start();
    },
  },
  nodesRolled: {
    fact: 'the nodes are replaced by new ones, one after another, as a deployment does it',
    async strike(stage) {
      for (const site of stage.world.sites) {
        await site.hub.terminate();
        stage.over();
        await stage.flow(5);
        await site.hub.start();
      }
    },
  },
  allNodesKilled: {
    fact: 'all nodes are killed with -9 at once, and their memory is lost',
    async strike(stage) {
      const { world } = stage;
      await Promise.all(world.sites.map(({ hub }) => hub.kill()));
      stage.over();
      await Promise.all(world.sites.map(({ hub }) => hub.start()));
    },
  },
  nodeStopped: {
    fact: 'a node is suspended by SIGSTOP and goes on',
    async strike(stage, form) {
      const site = oneSite(stage);
      site.hub.freeze();
      stage.over();
      if (form === 'long') await pause(20_000);
      await moved(stage, site);
      await stage.flow(10);
      site.hub.thaw();
    },
  },
  clockJumps: {
    fact: 'the clock of a node jumps an hour ahead, and then two hours back',
    async strike(stage) {
      const { hub } = oneSite(stage);
      for (let jump = 0; jump < 2; jump++) {
        hub.jumpClock();
        stage.over();
        await stage.flow(30);
      }
    },
  },
  readerStalls: {
    fact: 'a reader that stalls is closed with 4008',
    async strike(stage) {
      const { world } = stage;
      const [{ hub }] = world.sites;
      // After another fault the node may still be without Redis, and then it accepts no client.
      await until('the node is ready', async () => (await hub.readyStatus()) === 200);
      const before = await hub.metric('belfry_slow_closes_total');
      const reader = new StalledReader(hub.url, world.token, 'ballast.*.*');
      try {
        await until('the reader stalls', () => reader.isStalled);
        stage.over();
        await until('the node gives it up', async () => {
          await world.admin.publish('belfry:events', BALLAST);
          return (await hub.metric('belfry_slow_closes_total')) > before;
        });
        reader.readOn();
        const code = await reader.closed;
        if (code !== 4008) throw new Error(`the stalled reader was closed with ${code}, not 4008`);
      } finally {
        await reader.stop();
      }
    },
  },
  crowdReturns: {
    fact: 'a crowd of clients loses its node and returns at once',
    async strike(stage, form) {
      // These clients connect without the proxies, which would be the bottleneck.
      await stage.crowd(
        form === 'long' ? 5_000 : 500,
        stage.world.sites.map(({ hub }) => hub.url),
      );
      const site = oneSite(stage);
      await site.hub.kill();
      stage.over();
      await moved(stage, site);
      await stage.flow(5);
      await site.hub.start();
    },
  },
} as const satisfies Record<string, Fault>;
