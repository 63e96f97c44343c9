import { createServer } from 'node:net';
import { once } from 'node:events';
import { spawnCluster, tell } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { until } from './wait.ts';

/**
 * A server does not say under which address it is reached, so each node reaches all of them at the address at which it
 * asked: a proxy for each server stands there. Masters that live go on without those that are away.
 */
const ARGUMENTS = [
  '--cluster-preferred-endpoint-type',
  'unknown-endpoint',
  '--cluster-require-full-coverage',
  'no',
];

/** Three masters with a replica each. Every failover swaps the roles of two of them. */
export class FaultCluster {
  /** The first is a master at first. */
  readonly servers: readonly [RedisServer, ...RedisServer[]];
  readonly dispose: () => Promise<void>;

  private constructor(servers: FaultCluster['servers'], dispose: () => Promise<void>) {
    this.servers = servers;
    this.dispose = dispose;
  }

  static async begin(): Promise<FaultCluster> {
    const cluster = await spawnCluster({ keeps: true, args: ARGUMENTS });
    const replicas: RedisServer[] = [];
    try {
      for (const master of cluster.masters) replicas.push(await cluster.addReplica(master));
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    const [first, ...others] = [...cluster.masters, ...replicas] as [RedisServer, ...RedisServer[]];
    return new FaultCluster([first, ...others], () => cluster.dispose());
  }

  /** Sends a command to each server that is a master now. */
  async tellMasters(command: string, ...args: (string | number)[]): Promise<unknown[]> {
    const masters = (await this.#rows()).filter(({ isMaster, hasFailed }) => isMaster && !hasFailed);
    return Promise.all(masters.map(({ server }) => tell(server, command, ...args)));
  }

  /** The master of the slot of `{name}` now. */
  async ownerOf(name: string): Promise<RedisServer> {
    const [slot, rows] = [await this.slotOf(name), await this.#rows()];
    const owner = rows.find((row) => row.isMaster && row.has(slot));
    if (owner === undefined) throw new Error(`No master has the slot of {${name}}.`);
    return owner.server;
  }

  /** Whether a server is a master now, with slots. */
  async isMaster(server: RedisServer): Promise<boolean> {
    const row = (await this.#rows()).find((each) => each.server === server);
    return row?.isMaster === true && row.hasSlots;
  }

  async slotOf(name: string): Promise<number> {
    return Number(await this.#ask('CLUSTER', 'KEYSLOT', `{${name}}`));
  }

  /** The replica of a master, once the others have heard of it. */
  async replicaOf(master: RedisServer): Promise<RedisServer> {
    const rowOf = async (): Promise<Row | undefined> => {
      const rows = await this.#rows();
      const id = rows.find(({ server }) => server === master)?.id;
      return rows.find(({ masterId }) => masterId === id);
    };
    await until(`the master on port ${master.port} has a replica`, async () => (await rowOf()) !== undefined);
    const row = await rowOf();
    if (row === undefined) throw new Error(`The master on port ${master.port} has no replica.`);
    return row.server;
  }

  /** Waits until a server that was away is the replica of the one that took its place, and has everything. */
  async rejoined(server: RedisServer): Promise<void> {
    await until(`the server on port ${server.port} is a replica`, async () => {
      const info = String(await tell(server, 'INFO', 'replication').catch(() => ''));
      return info.includes('role:slave') && info.includes('master_link_status:up');
    });
    await until('all servers know that', async () => {
      const views = await Promise.all(this.servers.map((each) => tell(each, 'CLUSTER', 'NODES')));
      return views.every((view) => rowsOf(String(view), this.servers).every(({ hasFailed }) => !hasFailed));
    });
  }

  /** What a server that answers knows of all servers. */
  async #rows(): Promise<Row[]> {
    return rowsOf(String(await this.#ask('CLUSTER', 'NODES')), this.servers);
  }

  #ask(command: string, ...args: string[]): Promise<unknown> {
    return Promise.any(this.servers.map((server) => tell(server, command, ...args)));
  }
}

interface Row {
  readonly server: RedisServer;
  readonly id: string;
  readonly isMaster: boolean;
  readonly hasFailed: boolean;
  readonly masterId: string;
  readonly hasSlots: boolean;
  readonly has: (slot: number) => boolean;
}

/** Reads `CLUSTER NODES`: `<id> <host>:<port>@<bus> <flags> <master> <ping> <pong> <epoch> <link> <slots>…`. */
function rowsOf(text: string, servers: readonly RedisServer[]): Row[] {
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [id = '', address = '', flags = '', masterId = '', , , , , ...slots] = line.split(' ');
      const server = servers.find(({ port }) => address.includes(`:${port}@`));
      if (server === undefined) return [];
      const ranges = slots.map((range) => range.split('-').map(Number));
      return {
        server,
        id,
        isMaster: flags.includes('master'),
        hasFailed: flags.includes('fail'),
        masterId,
        hasSlots: ranges.length > 0,
        has: (slot) => ranges.some(([first = -1, last = first]) => first <= slot && slot <= last),
      };
    });
}

/** Whether a process of this system may listen at other addresses of the host than 127.0.0.1, as on Linux. */
export async function hasMoreAddresses(): Promise<boolean> {
  const listener = createServer().listen(0, '127.0.0.2');
  const hears = await once(listener, 'listening').then(
    () => true,
    () => false,
  );
  listener.close();
  return hears;
}
