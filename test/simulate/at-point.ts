import { EVENTS_A_REQUEST } from '../bench/entries.ts';
import { logEventBytes } from './memory.ts';
import type { Parts } from './parts.ts';
import type { Figures, Point } from './points.ts';
import { callUs, messageBytes } from './redis-core.ts';
import { DEFAULTS, type Scenario } from './scenario.ts';
import { frameBytes } from './node-core.ts';
import { simulate } from './simulate.ts';

/** A publisher that sends as fast as it can has so many commands under way, which Redis takes in one turn. */
const PIPELINED = 400;
const RENEWALS_S = 1;

/** The scenario that is simulated for what the bench does at a point. */
export function scenarioAt({ scenario }: Point): Scenario {
  const { groups, perEvent, rate = 0, size = 128, topics = 1, nodes = 1, by, durable } = scenario;
  const connections = groups.reduce((sum, { count }) => sum + count, 0);
  const isForAll = perEvent === connections && topics === 1 && perEvent > 0;
  const way =
    by === 'live' || durable === false ? 'live' : by === 'http' || by === 'http list' ? by : 'fcall';
  return {
    ...DEFAULTS,
    connections,
    hosts: nodes,
    topics,
    hearers: perEvent,
    broadcasts: isForAll ? rate : 0,
    events: isForAll ? 0 : rate,
    size,
    by: way,
    publishers: 1,
  };
}

/** What the simulation gives for the figures of a point. */
export function figuresAt(point: Point, parts: Parts): Figures {
  const scenario = scenarioAt(point);
  const traffic = { sentPerDelivery: scenario.size + frameBytes(scenario, parts) };
  switch (point.way) {
    case 'deliver': {
      const { nodeUsPerEvent, nodeUsPerDelivery, redisUsPerEvent, p50, p99 } = simulate(scenario, parts);
      return { nodeUsPerEvent, nodeUsPerDelivery, redisUsPerEvent, p50, p99, ...traffic };
    }
    case 'publish':
      return published(point, scenario, parts);
    case 'connect':
      return {
        nodeUsPerConnect: parts.nodeConnect,
        redisUsPerConnect: parts.redisConnect,
        nodeBytes: parts.nodeBytes + scenario.connections * parts.nodeConnectionBytes,
        nodeBytesPerConnection: parts.nodeConnectionBytes,
        redisBytesPerConnection: parts.redisConnectionBytes,
        nodeUsPerIdleSecond: parts.nodeSecond + scenario.connections * parts.nodeSecondOfConnection,
        redisUsPerIdleSecond: parts.redisSecond * RENEWALS_S,
      };
    case 'come back':
      return { nodeUsPerReturn: parts.nodeReturn };
  }
}

function published({ scenario: { by = 'fcall', rate } }: Point, scenario: Scenario, parts: Parts): Figures {
  const bytes = messageBytes(scenario, parts);
  const nodes = scenario.hosts;
  const stored = {
    redisSentPerEvent: nodes * bytes,
    redisBytesPerEvent: logEventBytes(scenario.size, parts),
  };
  if (rate !== undefined) {
    const { nodeUsPerEvent, redisUsPerEvent } = simulate(scenario, parts);
    return { nodeUsPerEvent, redisUsPerEvent, ...stored };
  }
  const ofMessages = nodes * (parts.redisMessage + bytes * parts.redisMessageByte);
  const ofTurn = (parts.redisTurn + nodes * parts.redisWrite) / PIPELINED;
  const list = EVENTS_A_REQUEST[by];
  return {
    ...(by.startsWith('http') && { nodeUsPerEvent: parts.nodeRequest / list + parts.nodeRequestEvent }),
    redisUsPerEvent: callUs(scenario, parts) + ofMessages + ofTurn,
    ...stored,
  };
}
