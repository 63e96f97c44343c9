import type { Parts } from './parts.ts';
import { nodesOf, rateOf, type Scenario } from './scenario.ts';

const MIB = 2 ** 20;
const DAY_S = 86_400;
/** What a node holds of the latest events, and of texts that it made of the past, as its settings have it by default. */
const LOG_CACHE_BYTES = 72 * MIB;

/** The memory of each node, in bytes. */
export function nodeBytes(scenario: Scenario, parts: Parts): number {
  return (
    parts.nodeBytes + LOG_CACHE_BYTES + (scenario.connections / nodesOf(scenario)) * parts.nodeConnectionBytes
  );
}

/** What an event takes in the log, in bytes. */
export function logEventBytes(size: number, parts: Parts): number {
  return size * parts.logEventByte + parts.logEventBytes;
}

/** The memory of the master that holds the registry, which has most, in bytes. */
export function masterBytes(scenario: Scenario, parts: Parts): number {
  const { connections, masters, shards, size, by, logMaxEvents, logMaxBytes } = scenario;
  const ofDay = by === 'live' ? 0 : (rateOf(scenario) / shards) * DAY_S;
  // With several shards there is one more log, of what the hub itself tells.
  const logsOfHub = shards === 1 ? 1 : shards + 1;
  const kept = Math.min(logMaxEvents / logsOfHub, logMaxBytes / size / logsOfHub, ofDay);
  const logs = Math.ceil(shards / masters) * kept * logEventBytes(size, parts);
  return logs + connections * parts.redisConnectionBytes;
}
