import type { Fault, Form } from './fault.ts';
import { FAILOVER_FAULTS } from './faults-failover.ts';
import { LOG_FAULTS } from './faults-log.ts';
import { MASTER_FAULTS } from './faults-masters.ts';
import { NETWORK_FAULTS } from './faults-network.ts';
import { NODE_FAULTS } from './faults-node.ts';
import { REDIS_FAULTS } from './faults-redis.ts';
import { SLOT_FAULTS } from './faults-slots.ts';
import { pick } from './random.ts';
import { ENTRY_POINTS, type EntryPointName } from './entry-points.ts';
import type { BrokerState } from './world.ts';

export const FAULTS = {
  ...NODE_FAULTS,
  ...REDIS_FAULTS,
  ...LOG_FAULTS,
  ...NETWORK_FAULTS,
  ...FAILOVER_FAULTS,
  ...MASTER_FAULTS,
  ...SLOT_FAULTS,
};

export type FaultName = keyof typeof FAULTS;

/** A fault, the entry points through which events are published meanwhile, and how the Redis keeps its data. */
export interface Scenario {
  readonly name: string;
  readonly fault: Fault;
  readonly entryPoints: readonly EntryPointName[];
  readonly state: BrokerState;
  readonly form: Form;
}

const ALL: readonly EntryPointName[] = ['http', 'fcall', 'bareFcall', 'publish', 'socket'];
const EVERY: readonly EntryPointName[] = [...ALL, 'ingress'];
/** The two entry points that promise most, one through a node and one directly into Redis. */
const SURE: readonly EntryPointName[] = ['http', 'fcall'];

/** Each row has a fault, entry points, a state and a form. The long form of the tests plays the short rows as well. */
const TABLE: readonly (readonly [FaultName, readonly EntryPointName[], BrokerState, Form])[] = [
  ['nodeKilled', ALL, 'AOF', 'short'],
  ['nodeTerminated', SURE, 'AOF', 'short'],
  ['nodesRolled', ALL, 'AOF', 'long'],
  ['allNodesKilled', SURE, 'AOF', 'short'],
  ['nodeStopped', ['http', 'socket'], 'AOF', 'short'],
  ['clockJumps', SURE, 'AOF', 'short'],
  ['readerStalls', ALL, 'AOF', 'short'],
  ['crowdReturns', SURE, 'AOF', 'short'],
  ['redisKilled', ALL, 'AOF', 'short'],
  ['redisStopped', SURE, 'AOF', 'long'],
  ['redisHangs', ['http', 'bareFcall'], 'AOF', 'long'],
  ['redisPauses', ALL, 'AOF', 'long'],
  ['subscribersKilled', ALL, 'AOF', 'short'],
  ['connectionsKilled', ['fcall', 'bareFcall', 'socket'], 'AOF', 'short'],
  ['subscriberDropped', SURE, 'AOF', 'short'],
  ['scriptsForgotten', SURE, 'AOF', 'short'],
  ['redisReadOnly', SURE, 'AOF', 'short'],
  ['memoryFull', SURE, 'AOF', 'short'],
  ['diskFull', SURE, 'AOF', 'short'],
  ['redisCut', ALL, 'AOF', 'short'],
  ['redisUnreachable', SURE, 'AOF', 'short'],
  ['redisUnreachableForOne', ['fcall', 'publish'], 'AOF', 'short'],
  ['redisSlow', ALL, 'AOF', 'short'],
  ['redisThrottled', ['http'], 'AOF', 'long'],
  ['redisHalfClosed', SURE, 'AOF', 'short'],
  ['nodeHalfClosed', SURE, 'AOF', 'long'],
  ['redisSwallowed', ALL, 'AOF', 'long'],
  ['clientsCut', SURE, 'AOF', 'short'],
  ['clientsOverwhelmed', SURE, 'AOF', 'short'],
  ['clientsSlow', ['http', 'publish'], 'AOF', 'long'],
  ['clientsThrottled', ['fcall', 'publish'], 'AOF', 'long'],
  ['clientsHalfClosed', SURE, 'AOF', 'short'],
  ['hubHalfClosed', SURE, 'AOF', 'short'],
  ['clientsSwallowed', SURE, 'AOF', 'long'],
  ['logTrimmed', SURE, 'AOF', 'short'],
  ['logKilled', ALL, 'no AOF', 'short'],
  ['logKilledWhileAway', SURE, 'no AOF', 'short'],
  ['logRestored', ALL, 'AOF', 'short'],
  ['logStopped', ['http', 'publish'], 'no AOF', 'long'],
  ['logFlushed', SURE, 'no AOF', 'short'],
  ['masterKilled', ['http', 'socket'], 'Sentinel', 'short'],
  ['masterKilledAhead', ['http', 'socket'], 'Sentinel', 'short'],
  ['oneMasterKilled', [...SURE, 'ingress'], 'Cluster', 'short'],
  ['oneMasterKilledAhead', ALL, 'Cluster', 'long'],
  ['ownMasterKilled', EVERY, 'Cluster', 'long'],
  ['masterFailedOver', EVERY, 'Cluster', 'long'],
  // What a server that hangs has got of PUBLISH already, it says when it goes on.
  ['masterHangs', ['http', 'fcall', 'bareFcall', 'socket'], 'Cluster', 'long'],
  ['masterSlow', EVERY, 'Cluster', 'long'],
  ['masterCut', EVERY, 'Cluster', 'long'],
  ['nodeBeginsWithoutMaster', EVERY, 'Cluster', 'long'],
  ['masterCutFromOne', EVERY, 'Cluster', 'long'],
  ['ownMasterCutFromOne', EVERY, 'Cluster', 'long'],
  ['slotMoves', EVERY, 'Cluster', 'short'],
  ['slotMovesSlowly', ALL, 'Cluster', 'long'],
  // A Cluster passes a message of PUBLISH from server to server, so a node that turns to another one may hear it from both.
  ['ownSlotMoves', ['http', 'fcall', 'bareFcall', 'socket', 'ingress'], 'Cluster', 'long'],
  ['nodeKilled', EVERY, 'Cluster', 'short'],
  ['nodeTerminated', ALL, 'Cluster', 'long'],
  ['nodesRolled', EVERY, 'Cluster', 'long'],
  ['allNodesKilled', EVERY, 'Cluster', 'long'],
  ['nodeStopped', EVERY, 'Cluster', 'long'],
  ['clockJumps', ALL, 'Cluster', 'long'],
  ['readerStalls', ALL, 'Cluster', 'long'],
  ['redisPauses', ALL, 'Cluster', 'long'],
  ['subscribersKilled', ALL, 'Cluster', 'long'],
  ['connectionsKilled', EVERY, 'Cluster', 'long'],
  ['scriptsForgotten', EVERY, 'Cluster', 'long'],
  ['memoryFull', EVERY, 'Cluster', 'long'],
  ['redisCut', EVERY, 'Cluster', 'long'],
  ['redisUnreachable', ALL, 'Cluster', 'long'],
  ['redisUnreachableForOne', ['fcall', 'publish'], 'Cluster', 'long'],
  ['redisSlow', ALL, 'Cluster', 'long'],
  ['redisHalfClosed', ALL, 'Cluster', 'long'],
  ['redisSwallowed', ALL, 'Cluster', 'long'],
  ['clientsCut', ALL, 'Cluster', 'long'],
  ['clientsHalfClosed', ALL, 'Cluster', 'long'],
  ['clientsSwallowed', ALL, 'Cluster', 'long'],
  ['nodeKilled', ['http', 'bareFcall', 'socket'], 'no AOF', 'long'],
  ['subscribersKilled', ['bareFcall', 'publish'], 'no AOF', 'long'],
  ['redisSwallowed', ['bareFcall', 'socket'], 'no AOF', 'long'],
];

/** The worlds that the long form plays, by the name that is given to it. */
export const WORLDS = {
  single: ['AOF', 'no AOF', 'Sentinel'],
  cluster: ['Cluster'],
} as const satisfies Record<string, readonly [BrokerState, ...BrokerState[]]>;

export const SCENARIOS: readonly Scenario[] = TABLE.map(([name, entryPoints, state, form]) =>
  scenario(FAULTS[name], entryPoints, state, form),
);

/** A random row consists of so many faults, which meet the same clients and publishers. */
const IN_A_ROW = 4;

/** A row of faults of one state after which nothing may be lost. The hub is given no time to recover between them. */
export function row(random: () => number, state: BrokerState): Scenario {
  const harmless = SCENARIOS.filter((each) => each.state === state)
    .map(({ fault }) => fault)
    .filter(
      (fault) =>
        fault.tellsGap === undefined &&
        fault !== FAULTS.crowdReturns &&
        fault !== FAULTS.ownSlotMoves &&
        fault.skip?.() === undefined,
    );
  const faults = Array.from({ length: IN_A_ROW }, () => pick(random, harmless));
  const fault: Fault = {
    fact: faults.map(({ fact }) => fact).join('; then '),
    async strike(stage, form) {
      for (const each of faults) await each.strike(stage, form);
    },
  };
  return scenario(fault, state === 'Cluster' ? EVERY : ALL, state, 'long');
}

function scenario(
  fault: Fault,
  entryPoints: readonly EntryPointName[],
  state: BrokerState,
  form: Form,
): Scenario {
  const outcome = fault.tellsGap ? 'each client that missed events is told' : 'no event is lost or repeated';
  const named = entryPoints.map((entryPoint) => ENTRY_POINTS[entryPoint].label).join(', ');
  return { name: `${fault.fact}: ${outcome} (by ${named}; ${state})`, fault, entryPoints, state, form };
}
