import type { Parts } from './parts.ts';
import { nodesOf, type Scenario } from './scenario.ts';

const US_IN_S = 1e-6;
/** A connection that moves leaves the registry in one place, and enters it in another. */
const CHANGES = 2;

/** How long many connections at once take. */
export interface Storm {
  readonly connections: number;
  /** For how long each node, and the master with the registry, has work at most, in seconds. */
  readonly nodeS: number;
  readonly masterS: number;
}

/** One node dies, and its clients come back on the others. `undefined` where there are no others. */
export function nodeDies(scenario: Scenario, parts: Parts): Storm | undefined {
  const nodes = nodesOf(scenario);
  if (nodes < 2) return undefined;
  const moved = scenario.connections / nodes;
  return storm(moved, nodes - 1, scenario, parts);
}

/**
 * All nodes are replaced one after the other, each with the clients that it has by then. Old nodes take clients of those
 * before them, so that each client moves nearly e − 1 times.
 */
export function deploy(scenario: Scenario, parts: Parts): Storm | undefined {
  const nodes = nodesOf(scenario);
  if (nodes < 2) return undefined;
  const moves = ((nodes - 1) / nodes) * ((nodes / (nodes - 1)) ** nodes - 1);
  return storm(scenario.connections * moves, nodes - 1, scenario, parts);
}

function storm(connections: number, taking: number, scenario: Scenario, parts: Parts): Storm {
  const nodes = nodesOf(scenario);
  const heard = CHANGES * connections * parts.nodeHear;
  const ofChange = parts.redisConnect + (nodes - 1) * parts.redisMessage;
  return {
    connections,
    nodeS: ((connections / taking) * parts.nodeReturn + heard) * US_IN_S,
    masterS: connections * CHANGES * ofChange * US_IN_S,
  };
}
