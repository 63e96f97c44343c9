import type { NodeReport, NodeStatus } from '../../../src/clients/cli/node-report.ts';
import { afterAnswer, NO_FLEET, type Fleet } from '../../../src/clients/console/src/overview/fleet.ts';

export const NOW = Date.parse('2026-01-15T10:30:00Z');

export const STATUS: NodeStatus = {
  connections: { native: 3, norn: 1 },
  slow: 0,
  queued: 0,
  queuedBytes: 0,
  deliveries: { native: { delivered: 90, droppedSlow: 0, conflated: 0 } },
  events: 100,
  published: 50,
  gapsDetected: 0,
  gapsRepaired: 0,
  healthy: true,
  probeMs: 2,
  refusing: null,
  memoryBytes: 1_000_000,
  redisVersion: '7.4.1',
};

/** A node with which nothing is wrong, but for what is said. */
export function aNode(
  name: string,
  {
    status,
    ...report
  }: Partial<Omit<NodeReport, 'status'>> & { readonly status?: Partial<NodeStatus> | null } = {},
): NodeReport {
  return {
    name,
    version: '0.1.0',
    since: '2026-01-15T10:00:00Z',
    digest: 'same',
    connections: 4,
    eventsPerSecond: 10,
    deliveriesPerSecond: 30,
    p99Ms: 3,
    lagMs: 9,
    ready: true,
    warnings: [],
    ...report,
    status: status === null ? null : { ...STATUS, ...status },
  };
}

/** What a page knows after these answers, which came one second after another, the last one {@link NOW}. */
export function fleetAfter(...answers: readonly (readonly NodeReport[])[]): Fleet {
  const begin = NOW - (answers.length - 1) * 1_000;
  return answers.reduce((fleet, answer, i) => afterAnswer(fleet, answer, begin + i * 1_000), NO_FLEET);
}
