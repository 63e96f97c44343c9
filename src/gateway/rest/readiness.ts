import { z } from 'zod';
import type { BrokerStats, RefusedReason, ShardStats } from '../../broker/broker.ts';
import { namesOfShards } from '../../model/shards.ts';
import type { NodeWarning } from '../../registry/node-watch.ts';

/** For operators, the reasons why a node cannot publish. */
const WORDS: Readonly<Record<RefusedReason, string>> = {
  full: 'Redis is full or cannot write to its disk, and accepts nothing. Expected room, or a larger maxmemory.',
  forbidden:
    "The node's user lacks a right in Redis. Expected those that the documentation lists under how-to/redis-rights.",
  away: 'Redis cannot write at the moment, or has no master. Expected a master that can write.',
  timeout: 'Redis did not answer in time. Expected a Redis that is less busy, or nearer.',
  unknown: 'Redis did not answer a publish, so its outcome is unknown. Expected an answer.',
  other: 'Redis refused a publish. The log of the node says more.',
};

const STATE = z
  .enum(['ready', 'not ready', 'leaving', 'away', 'silent'])
  .describe(
    'leaving: it ends, and gets no new connections; away: its process starts, or is to be started again; silent: it did not answer in time',
  );

const WORKERS = z
  .array(
    z.strictObject({
      worker: z.int().describe('Its number, from 1'),
      state: STATE,
    }),
  )
  .describe('The workers of this process, if BELFRY_WORKERS is more than 1');

export const READY = z.strictObject({
  status: z.literal('ready'),
  publishing: z.boolean().describe('Whether Redis accepts what this node publishes'),
  reason: z.string().optional().describe('Why Redis does not accept it'),
  warnings: z
    .array(z.string())
    .describe('Differences from other nodes, problems of Redis, and shards that no node reaches'),
  workers: WORKERS.optional(),
});

export const NOT_READY = z.strictObject({
  status: z.literal('not ready'),
  reason: z.string(),
  workers: WORKERS.optional(),
});

type Ready = z.infer<typeof READY>;
export type Readiness = Ready | z.infer<typeof NOT_READY>;

export interface ReadinessDeps {
  /** Whether the node ends. */
  readonly isLeaving: () => boolean;
  /** Resolves while events flow, and otherwise rejects with the reason. */
  readonly ready: () => Promise<void>;
  readonly brokerStats: () => BrokerStats;
  readonly warnings: () => readonly NodeWarning[];
  /** Whether another node reaches and hears every shard. */
  readonly othersAreReady: () => boolean;
}

/**
 * Whether this node is ready. A node that can receive but not publish is: its clients would find no better node, because all
 * nodes have the same Redis. So is a node that lacks some of several shards, as long as no other node has all of them.
 */
export async function readinessOf(deps: ReadinessDeps): Promise<Readiness> {
  const lacked: string[] = [];
  try {
    await deps.ready();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    if (deps.isLeaving() || deps.othersAreReady() || !hasSome(deps.brokerStats()))
      return { status: 'not ready', reason };
    lacked.push(reason);
  }
  const { trouble, shards } = deps.brokerStats();
  return {
    status: 'ready',
    publishing: trouble === undefined,
    ...(trouble !== undefined && { reason: reasonOf(trouble, shards) }),
    warnings: [...lacked, ...deps.warnings().map(({ message }) => message)],
  };
}

/** Whether the node reaches the registry, which is in the first shard, and some of the others. */
function hasSome({ shards }: BrokerStats): boolean {
  const [own, ...others] = shards;
  return own?.isHealthy === true && others.some(({ isHealthy }) => isHealthy);
}

/** Where the hub has several shards, the reason names those that have it. */
function reasonOf(trouble: RefusedReason, shards: readonly ShardStats[]): string {
  const theirs = shards.filter((each) => each.trouble === trouble).map(({ shard }) => shard);
  return theirs.length === 0 ? WORDS[trouble] : `${namesOfShards(theirs)}: ${WORDS[trouble]}`;
}

/** What a worker says when all workers are asked. */
export interface WorkerReadiness {
  readonly readiness: Readiness;
  /** Whether the worker gets no new connections, because it ends while others go on. */
  readonly isLeaving: boolean;
}

export interface AskedWorker {
  readonly worker: number;
  readonly isUp: boolean;
  readonly answer?: WorkerReadiness;
}

/**
 * Whether the workers of one process are ready together: a new connection may come to each that takes connections, so all of
 * these must be ready, and there must be one. A worker that is away or leaving takes none, so it makes nobody wait for the others.
 */
export function joinedReadiness(asked: readonly AskedWorker[]): Readiness {
  const workers = asked.map((each) => ({ worker: each.worker, state: stateOf(each) }));
  const taking = asked.filter((_each, index) => !['leaving', 'away'].includes(workers[index]?.state ?? ''));
  const answers = (taking.length > 0 ? taking : asked).map(answerOf);
  const bad = answers.find((each) => each.status === 'not ready');
  if (bad !== undefined) return { ...bad, workers };
  const ready = answers.filter((each): each is Ready => each.status === 'ready');
  const stuck = ready.find(({ publishing }) => !publishing);
  return {
    status: 'ready',
    publishing: stuck === undefined,
    ...(stuck?.reason !== undefined && { reason: stuck.reason }),
    warnings: [...new Set(ready.flatMap(({ warnings }) => warnings))],
    workers,
  };
}

function answerOf({ worker, isUp, answer }: AskedWorker): Readiness {
  if (answer !== undefined) return answer.readiness;
  const reason = isUp
    ? `Worker ${worker} did not answer in time. Expected an answer, or that it is started again soon.`
    : `Worker ${worker} is not running. Expected that it is started again soon.`;
  return { status: 'not ready', reason };
}

function stateOf({ isUp, answer }: AskedWorker): z.infer<typeof STATE> {
  if (!isUp) return 'away';
  if (answer === undefined) return 'silent';
  return answer.isLeaving ? 'leaving' : answer.readiness.status;
}
