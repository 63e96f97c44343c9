import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENTS_A_REQUEST } from '../bench/entries.ts';
import { calm, endAll } from '../bench/processes.ts';
import { failOver, replayOn, runAt } from '../bench/runs.ts';
import { Stage } from '../bench/stage.ts';
import { peerOf } from '../bench/peers/index.ts';
import { readMeasured, writeMeasured } from './measured.ts';
import { pointOf, type Figures, type Point, type Way } from './points.ts';

const WARM_UP_MS = 2_500;
/** At full speed Node compiles what a request runs through several times, until it has served some 50,000 of them. */
const FULL_SPEED_MS = 6_000;
const WARM_UP_RATE = 16_000;
const STEP_MS = 3_000;
const IDLE_MS = 10_000;
const CALM_WITHIN_MS = 2_000;
const LOG = '{belfry}:log';
/** The memory of a node counts from here on, since the first connections make it compile its code. */
const FIRST_PART = 1 / 3;

/** Measures points with the bench, each this often. Runs are added to those of the same machine and day, and replace others. */
export async function measure(
  points: readonly Point[],
  repeats: number,
  note: (line: string) => void,
): Promise<void> {
  process.on('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  const run = async (point: Point): Promise<Figures> => {
    const figures = rounded(await runOf(point));
    note(`${point.name}: ${JSON.stringify(figures)}`);
    return figures;
  };
  for (const point of points) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const beside = point.beside === undefined ? undefined : await run(pointOf(point.beside));
      keep(point, await run(point), beside);
    }
  }
}

function keep({ name }: Point, figures: Figures, beside: Figures | undefined): void {
  const place = { machine: machine(), date: new Date().toISOString().slice(0, 10) };
  const all = readMeasured();
  const before = all[name];
  const isSame =
    before?.machine === place.machine && before.date === place.date && before.command === undefined;
  const runs = [...(isSame ? before.runs : []), figures];
  const others = beside && [...((isSame && before.beside) || []), beside];
  writeMeasured({ ...all, [name]: { ...place, runs, ...(others && { beside: others }) } });
}

async function runOf(point: Point): Promise<Figures> {
  const stage = await Stage.set(peerOf('belfry'), { ...point.scenario, name: point.name });
  if (stage === undefined) throw new Error(`The bench has no entry point for "${point.name}".`);
  try {
    return await WAYS[point.way](stage, point);
  } finally {
    await stage.strike();
  }
}

const WAYS: Readonly<Record<Way, (stage: Stage, point: Point) => Promise<Figures>>> = {
  deliver: async (stage, { scenario: { rate = 0 }, warmUpRate = rate }) => {
    await runAt(stage, warmUpRate, WARM_UP_MS);
    await calm(CALM_WITHIN_MS);
    const usage = stage.usage();
    const run = await runAt(stage, rate, STEP_MS);
    const { redis } = usage();
    return {
      nodeUsPerEvent: run.cpuUsPerEvent,
      nodeUsPerDelivery: run.cpuUsPerDelivery,
      redisUsPerEvent: (redis * 1_000) / run.published.count,
      sentPerDelivery: run.bytes / run.events,
      loadBusy: run.busy,
      p50: run.p50,
      p99: run.p99,
    };
  },

  publish: async (stage) => {
    const { rate, by = 'live', restMs = 0 } = stage.scenario;
    const paced = { requests: Number.MAX_SAFE_INTEGER, ...(rate !== undefined && { rate }) };
    const warmUp = await replayOn(
      stage,
      rate === undefined
        ? { ...paced, ms: FULL_SPEED_MS }
        : { ...paced, rate: Math.max(rate, WARM_UP_RATE / stage.nodes), ms: WARM_UP_MS },
    );
    await calm(CALM_WITHIN_MS);
    await sleep(restMs);
    const requests = Math.ceil(((warmUp.eventsPerS / EVENTS_A_REQUEST[by]) * STEP_MS) / 1_000);
    const sentBefore = sentByRedis(stage);
    const run = await replayOn(stage, { ms: STEP_MS, ...(rate === undefined ? { requests } : paced) });
    const logged = stage.masters > 1 ? 0 : Number(redisCli(stage, 'XLEN', LOG));
    return {
      ...(rate === undefined && { eventsPerS: run.eventsPerS }),
      nodeUsPerEvent: run.serverUsPerEvent,
      redisUsPerEvent: run.redisUsPerEvent,
      redisSentPerEvent: (sentByRedis(stage) - sentBefore) / run.events,
      ...(logged > 1_000 && {
        redisBytesPerEvent: Number(redisCli(stage, 'MEMORY', 'USAGE', LOG, 'SAMPLES', '0')) / logged,
      }),
    };
  },

  connect: async (stage) => {
    const first = Math.floor(stage.connections * FIRST_PART);
    await stage.fill(first);
    await sleep(RESTS_MS);
    const [nodeBytes, redisBytes] = [stage.residentBytes(), memoryOfRedis(stage)];
    const usage = stage.usage();
    await stage.fill();
    const { server, redis } = usage();
    const rest = stage.connections - first;
    await sleep(RESTS_MS);
    const figures: Figures = {
      nodeUsPerConnect: (server * 1_000) / rest,
      redisUsPerConnect: (redis * 1_000) / rest,
      nodeBytes: stage.residentBytes(),
      nodeBytesPerConnection: (stage.residentBytes() - nodeBytes) / rest,
      redisBytesPerConnection: (memoryOfRedis(stage) - redisBytes) / rest,
    };
    const idle = stage.usage();
    await sleep(IDLE_MS);
    const used = idle();
    return {
      ...figures,
      nodeUsPerIdleSecond: (used.server * 1e6) / IDLE_MS,
      redisUsPerIdleSecond: (used.redis * 1e6) / IDLE_MS,
    };
  },

  'come back': async (stage) => {
    const { serverMs, connected } = await failOver(stage);
    return { nodeUsPerReturn: (serverMs * 1_000) / connected };
  },
};

const RESTS_MS = 6_000;

function redisCli(stage: Stage, ...command: readonly string[]): string {
  return tell(stage.first.redisPort, command);
}

function tell(port: number, command: readonly string[]): string {
  return spawnSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' }).stdout;
}

/** Of all masters together. */
function infoOf({ first: { redisPort, shardPorts = [] } }: Stage, section: string, name: string): number {
  const pattern = new RegExp(`^${name}:(\\d+)`, 'm');
  const texts = [...new Set([redisPort, ...shardPorts])].map((port) => tell(port, ['INFO', section]));
  return texts.reduce((sum, text) => sum + Number(pattern.exec(text)?.[1]), 0);
}

function memoryOfRedis(stage: Stage): number {
  return infoOf(stage, 'memory', 'used_memory');
}

function sentByRedis(stage: Stage): number {
  return infoOf(stage, 'stats', 'total_net_output_bytes');
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([figure, value]) => [figure, Number(value.toPrecision(4))]),
  );
}

function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores; Node ${process.versions.node}`;
}
