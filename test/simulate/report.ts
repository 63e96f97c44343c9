import { short, table, whole } from '../bench/summary.ts';
import { loadsOf, mostOf, overfull } from './limits.ts';
import type { Parts } from './parts.ts';
import { nodesOf, rateOf, type Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';
import { deploy, nodeDies, type Storm } from './storms.ts';

const PERCENT = 100;
/** What no point has measured yet, in words. */
export const NOT_MEASURED = [
  'more than twelve shards, and more than three masters: each shard is taken to cost what each of twelve costs',
  'more than two workers on a host: each is taken to be a node on a core of its own',
  'Redis on a host of its own: its cost was measured over the loopback device',
] as const;

/** What a person reads of a simulation. */
export function reportOf(scenario: Scenario, parts: Parts): string {
  const rate = rateOf(scenario);
  const storms = [
    stormLine('a node dies', nodeDies(scenario, parts)),
    stormLine('all nodes are replaced, one after the other', deploy(scenario, parts)),
  ];
  if (rate === 0) return ['No events.', ...storms].join('\n');
  const outcome = simulate(scenario, parts);
  const loads = loadsOf(scenario, parts, outcome);
  const most = mostOf(scenario, parts);
  const lines = loads.map(({ part, used, of, unit }) => [
    part,
    `${short(used)} of ${short(of)} ${unit}`,
    `${whole((used / of) * PERCENT)} %`,
  ]);
  const full = overfull(loads);
  return [
    `${whole(scenario.connections)} connections on ${whole(nodesOf(scenario))} nodes, ${scenario.shards} shards on ${scenario.masters} masters, ${whole(rate)} events/s of ${scenario.size} B`,
    `deliveries/s  ${whole(outcome.deliveriesPerS)}`,
    `latency       p50 ${short(outcome.p50)} ms, p99 ${short(outcome.p99)} ms`,
    `CPU an event  ${short(outcome.nodeUsPerEvent)} µs of all nodes, ${short(outcome.redisUsPerEvent)} µs of Redis`,
    '',
    table(['part', 'used', 'share'], lines),
    '',
    full.length > 0 ? `Too small for this: ${full.join(', ')}.` : '',
    `The most: ${whole(most.eventsPerS)} events/s. Full first: ${most.fullFirst}.`,
    ...storms,
    '',
    'A node that is busy writes larger pieces, so its core is not full at 75 to 90 %. Not measured yet:',
    ...NOT_MEASURED.map((line) => `- ${line}.`),
  ].join('\n');
}

function stormLine(what: string, storm: Storm | undefined): string {
  if (storm === undefined) return '';
  const { connections, nodeS, masterS } = storm;
  return `If ${what}: ${whole(connections)} connections come back, with work for ${short(nodeS)} s for each node and ${short(masterS)} s for the master with the registry.`;
}
