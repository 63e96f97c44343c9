import { EVENTS_A_REQUEST, type EntryName } from '../bench/entries.ts';
import { logEventBytes } from './memory.ts';
import type { Parts } from './parts.ts';
import { medians } from '../bench/statistics.ts';
import { sharesOf, type Measured } from './measured.ts';
import { pointOf, type Figures, type Point } from './points.ts';
import { callUs, hearingNodes, messageBytes } from './redis-core.ts';
import { DEFAULTS, nodesOf, type Scenario } from './scenario.ts';
import { frameBytes } from './node-core.ts';
import { simulate } from './simulate.ts';

/** A publisher that sends as fast as it can has so many commands under way, which Redis takes in one turn. */
const PIPELINED = 400;
const RENEWALS_S = 1;

/** The scenario that is simulated for what the bench does at a point. */
export function scenarioAt({ scenario }: Point): Scenario {
  const { groups, perEvent, rate = 0, size = 128, nodes = 1, workers = 1, by, durable } = scenario;
  const { shards = 1, masters = 1, topics = shards } = scenario;
  const connections = groups.reduce((sum, { count }) => sum + count, 0);
  const isForAll = perEvent === connections && topics === 1 && perEvent > 0;
  const way =
    by === 'live' || durable === false ? 'live' : by === 'http' || by === 'http list' ? by : 'fcall';
  return {
    ...DEFAULTS,
    connections,
    hosts: nodes,
    workers,
    masters,
    shards,
    wanted: groups[0]?.among?.length ?? shards,
    topics,
    hearers: perEvent,
    broadcasts: isForAll ? rate : 0,
    events: isForAll ? 0 : rate,
    size,
    by: way,
    publishers: 1,
  };
}

/**
 * What the simulation gives for the figures of a point, as shares of those of the point beside it if it has one. Where
 * events were published at full speed, how many there were is what was measured.
 */
export function figuresAt(point: Point, parts: Parts, { runs, beside = [] }: Measured): Figures {
  const figures = figuresOf(point, parts, medians(runs).eventsPerS);
  if (point.beside === undefined) return figures;
  return sharesOf(figures, figuresOf(pointOf(point.beside), parts, medians(beside).eventsPerS));
}

function figuresOf(point: Point, parts: Parts, eventsPerS: number | undefined): Figures {
  const scenario = scenarioAt(point);
  const traffic = { sentPerDelivery: scenario.size + frameBytes(scenario, parts) };
  switch (point.way) {
    case 'deliver': {
      const { nodeUsPerEvent, nodeUsPerDelivery, redisUsPerEvent, p50, p99 } = simulate(scenario, parts);
      return { nodeUsPerEvent, nodeUsPerDelivery, redisUsPerEvent, p50, p99, ...traffic };
    }
    case 'publish':
      return published(point, scenario, parts, eventsPerS);
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

function published(
  { scenario: { by = 'fcall', rate } }: Point,
  scenario: Scenario,
  parts: Parts,
  eventsPerS: number | undefined,
): Figures {
  const bytes = messageBytes(scenario, parts);
  const hearing = hearingNodes(scenario, 0);
  const stored = {
    redisSentPerEvent: hearing * bytes,
    redisBytesPerEvent: logEventBytes(scenario.size, parts),
  };
  if (rate !== undefined) {
    const { nodeUsPerEvent, redisUsPerEvent } = simulate(scenario, parts);
    return { nodeUsPerEvent, redisUsPerEvent, ...stored };
  }
  const ofMessages = hearing * (parts.redisMessage + bytes * parts.redisMessageByte);
  const ofTurn = (parts.redisTurn + nodesOf(scenario) * parts.redisWrite) / PIPELINED;
  return {
    ...nodeAtFullSpeed(by, scenario, parts, eventsPerS),
    redisUsPerEvent: callUs(scenario, parts) + ofMessages + ofTurn,
    ...stored,
  };
}

function nodeAtFullSpeed(by: EntryName, scenario: Scenario, parts: Parts, eventsPerS?: number): Figures {
  const list = EVENTS_A_REQUEST[by];
  if (by.startsWith('http')) return { nodeUsPerEvent: parts.nodeRequest / list + parts.nodeRequestEvent };
  if (eventsPerS === undefined) return {};
  return { nodeUsPerEvent: simulate({ ...scenario, events: eventsPerS }, parts).nodeUsPerEvent };
}
