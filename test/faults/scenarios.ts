import type { Fault, Form } from './fault.ts';
import { LOG_FAULTS } from './faults-log.ts';
import { NETWORK_FAULTS } from './faults-network.ts';
import { NODE_FAULTS } from './faults-node.ts';
import { REDIS_FAULTS } from './faults-redis.ts';
import { DOORS, type DoorName } from './stage.ts';
import type { BrokerState } from './world.ts';

export const FAULTS = { ...NODE_FAULTS, ...REDIS_FAULTS, ...LOG_FAULTS, ...NETWORK_FAULTS };

export type FaultName = keyof typeof FAULTS;

/** A fault, the doors by which events come meanwhile, and how the Redis keeps its data. */
export interface Scenario {
  readonly name: string;
  readonly fault: Fault;
  readonly doors: readonly DoorName[];
  readonly state: BrokerState;
  readonly form: Form;
}

const ALL: readonly DoorName[] = ['http', 'fcall', 'bareFcall', 'publish', 'socket'];
/** Two that promise most, one past the nodes and one through them. */
const SURE: readonly DoorName[] = ['http', 'fcall'];

/** Fault, doors, state, and in which form it is tried already. What is short is also long. */
const TABLE: readonly (readonly [FaultName, readonly DoorName[], BrokerState, Form])[] = [
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
  ['connectionsKilled', ['fcall', 'bareFcall', 'socket'], 'AOF', 'long'],
  ['subscriberDropped', SURE, 'AOF', 'short'],
  ['scriptsForgotten', SURE, 'AOF', 'short'],
  ['redisReadOnly', SURE, 'AOF', 'long'],
  ['memoryFull', SURE, 'AOF', 'short'],
  ['diskFull', SURE, 'AOF', 'short'],
  ['redisCut', ALL, 'AOF', 'short'],
  ['redisUnreachable', SURE, 'AOF', 'long'],
  ['redisUnreachableForOne', ['fcall', 'publish'], 'AOF', 'short'],
  ['redisSlow', ALL, 'AOF', 'long'],
  ['redisThrottled', ['http'], 'AOF', 'long'],
  ['redisHalfClosed', SURE, 'AOF', 'short'],
  ['nodeHalfClosed', SURE, 'AOF', 'long'],
  ['redisSwallowed', ALL, 'AOF', 'long'],
  ['clientsCut', SURE, 'AOF', 'short'],
  ['clientsSlow', ['http', 'publish'], 'AOF', 'long'],
  ['clientsThrottled', ['fcall', 'publish'], 'AOF', 'long'],
  ['clientsHalfClosed', SURE, 'AOF', 'long'],
  ['hubHalfClosed', SURE, 'AOF', 'long'],
  ['clientsSwallowed', SURE, 'AOF', 'long'],
  ['logTrimmed', SURE, 'AOF', 'short'],
  ['logKilled', ALL, 'no AOF', 'short'],
  ['logStopped', ['http', 'publish'], 'no AOF', 'long'],
  ['logFlushed', SURE, 'no AOF', 'long'],
  ['nodeKilled', ['http', 'bareFcall', 'socket'], 'no AOF', 'long'],
  ['subscribersKilled', ['bareFcall', 'publish'], 'no AOF', 'long'],
  ['redisSwallowed', ['bareFcall', 'socket'], 'no AOF', 'long'],
];

export const SCENARIOS: readonly Scenario[] = TABLE.map(([name, doors, state, form]) =>
  scenario(FAULTS[name], doors, state, form),
);

function scenario(fault: Fault, doors: readonly DoorName[], state: BrokerState, form: Form): Scenario {
  const outcome = fault.tellsGap ? 'whoever missed something is told' : 'nothing is lost and nothing doubled';
  const named = doors.map((door) => DOORS[door].label).join(', ');
  return { name: `${fault.fact}: ${outcome} (by ${named}; ${state})`, fault, doors, state, form };
}
