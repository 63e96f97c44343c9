import { by, LATE_MS, listed, worst, type Finding } from './finding.ts';
import { presentNodes, type Fleet } from './fleet.ts';

/** The first version of Redis with functions. */
const REDIS_MAJOR = 7;

/** Why Redis refuses a publish, and the page that tells what to do. */
const REFUSALS: Readonly<Record<string, readonly [why: string, todo: string, page: string]>> = {
  full: [
    'it is full or cannot write to its disk',
    'Give it room, or a larger maxmemory.',
    'how-to/size#memory-of-redis',
  ],
  forbidden: [
    'the user of the node lacks a right',
    'Give it the rights of this page.',
    'how-to/redis-rights',
  ],
  away: [
    'it cannot write, or has no master',
    'Look at Redis. Publishing goes on by itself once a master can write.',
    'how-to/does-not-start#redis-cannot-be-reached',
  ],
  timeout: ['it did not answer in time', 'Find out what keeps Redis busy.', 'how-to/run-redis'],
  unknown: ['it did not answer, so the outcome is not known', 'Look at Redis.', 'how-to/run-redis'],
};

/** What is wrong with Redis, as the nodes see it. */
export function* redisFindings(fleet: Fleet): Generator<Finding> {
  yield* refusing(fleet);
  yield* probes(fleet);
  yield* versions(fleet);
}

function* refusing(fleet: Fleet): Generator<Finding> {
  for (const [reason, nodes] of by(presentNodes(fleet), ({ status }) => status?.refusing)) {
    const [why, todo, page] = REFUSALS[reason] ?? [
      'of an error',
      'Look at the log of the node.',
      'how-to/run-redis',
    ];
    yield {
      id: `refusing ${reason}`,
      tone: 'bad',
      what: `Redis refuses what ${listed(nodes)} ${nodes.length > 1 ? 'publish' : 'publishes'}: ${why}.`,
      todo,
      page,
    };
  }
}

function* probes(fleet: Fleet): Generator<Finding> {
  const nodes = presentNodes(fleet).filter(({ status }) => (status?.probeMs ?? 0) > LATE_MS);
  if (nodes.length > 0)
    yield {
      id: 'probe',
      tone: 'warn',
      what: `A probe of ${listed(nodes)} through Redis took ${worst(nodes, ({ status }) => status?.probeMs ?? 0)}.`,
      todo: 'Redis is busy, or the way to it is slow. Events are as late.',
      page: 'how-to/run-redis',
    };
}

function* versions(fleet: Fleet): Generator<Finding> {
  const redis = [...by(presentNodes(fleet), ({ status }) => status?.redisVersion)];
  const old = redis.filter(([version]) => Number.parseInt(version) < REDIS_MAJOR);
  if (redis.length > 1 || old.length > 0)
    yield {
      id: 'redis',
      tone: 'warn',
      what: `The nodes have Redis ${redis.map(([version, nodes]) => `${version} on ${listed(nodes)}`).join('; ')}.`,
      todo: `Expected one Redis for all nodes, of version ${REDIS_MAJOR} or newer.`,
      page: 'how-to/run-redis',
    };
}
