import { spawnSync, type ChildProcess } from 'node:child_process';
import { freePorts, LOAD_CORE, start, temporaryDirectory, until } from './processes.ts';

const LAST_SLOT = 16_383;

/** Redis servers that run, and the port of the first. */
export interface StartedRedis {
  readonly children: readonly ChildProcess[];
  readonly redisPort: number;
  /** The port of the master of each shard, in a Cluster. */
  readonly shardPorts?: readonly number[];
}

export async function startRedis(): Promise<StartedRedis> {
  const [port = 0] = await freePorts(1);
  return { children: [await startServer(port)], redisPort: port };
}

/** Starts a Cluster whose masters have as many of the hub's shards each, as an operator places them. */
export async function startCluster(masters: number, shards: number): Promise<StartedRedis> {
  const free = await freePorts(2 * masters);
  const ports = free.slice(0, masters);
  const children: ChildProcess[] = [];
  for (const [i, port] of ports.entries()) {
    const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(free[masters + i])];
    children.push(await startServer(port, settings));
  }
  const [redisPort = 0] = ports;
  const slots = Array.from({ length: shards }, (_, i) =>
    Number(tell(redisPort, 'cluster', 'keyslot', `{belfry:${i + 1}}`)),
  );
  const ends = lastSlots(slots, masters);
  for (const [i, port] of ports.entries()) {
    tell(port, 'cluster', 'set-config-epoch', i + 1);
    tell(port, 'cluster', 'addslotsrange', i === 0 ? 0 : (ends[i - 1] ?? 0) + 1, ends[i] ?? 0);
    tell(port, 'cluster', 'meet', '127.0.0.1', redisPort, free[masters] ?? 0);
  }
  const isWhole = (port: number): boolean => {
    const info = tell(port, 'cluster', 'info');
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}`);
  };
  for (const [i, child] of children.entries())
    await until('the Cluster', child, () => Promise.resolve(isWhole(ports[i] ?? 0)));
  const shardPorts = slots.map((slot) => ports[ends.findIndex((end) => slot <= end)] ?? 0);
  return { children, redisPort, shardPorts };
}

/** The last slot of each master, if each has as many of these slots. */
function lastSlots(slots: readonly number[], masters: number): number[] {
  const rising = slots.toSorted((a, b) => a - b);
  return Array.from({ length: masters }, (_, i) =>
    i === masters - 1 ? LAST_SLOT : (rising[Math.ceil((slots.length * (i + 1)) / masters) - 1] ?? 0),
  );
}

async function startServer(port: number, more: readonly string[] = []): Promise<ChildProcess> {
  const directory = temporaryDirectory();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...more];
  const child = start(LOAD_CORE, ['redis-server', ...settings]);
  await until(`redis-server on port ${port}`, child, () =>
    Promise.resolve(tell(port, 'ping').startsWith('PONG')),
  );
  return child;
}

function tell(port: number, ...command: readonly (string | number)[]): string {
  return spawnSync('redis-cli', ['-p', String(port), ...command.map(String)], { encoding: 'utf8' }).stdout;
}
