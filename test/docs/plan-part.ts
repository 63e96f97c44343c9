import { short, whole } from '../bench/summary.ts';
import { readParts, type Parts } from '../simulate/parts.ts';
import { commandOf, hubsOf, readPlan, SHAPES, type Shape } from '../simulate/plan.ts';
import { nodesOf, rateOf, scenarioOf, type Scenario } from '../simulate/scenario.ts';
import { deploy, nodeDies } from '../simulate/storms.ts';
import { tableOf } from './tables.ts';

/** The hubs whose nodes are replaced, from 10,000 connections a node. */
const HUBS: readonly Partial<Scenario>[] = [
  { connections: 10_000, hosts: 2 },
  { connections: 100_000, hosts: 10 },
  { connections: 1_000_000, hosts: 100 },
  { connections: 1_000_000, hosts: 40 },
];

/** What the simulation says of the registry, and of each step of the plan, with the commands that simulate it. */
export function planPart(): string {
  const parts = readParts();
  const deploys = HUBS.map((given) => deployRow(given, parts));
  return [
    tableOf(
      [
        'connections',
        'nodes',
        'come back when all nodes are replaced',
        'work of the master with the registry',
        'work of each node',
        'work of that master when one node dies',
      ],
      deploys,
    ),
    commands(HUBS),
    ...SHAPES.map(shapePart),
  ].join('\n\n');
}

function deployRow(given: Partial<Scenario>, parts: Parts): string[] {
  const scenario = scenarioOf(given);
  const storm = deploy(scenario, parts);
  const death = nodeDies(scenario, parts);
  return [
    whole(scenario.connections),
    whole(nodesOf(scenario)),
    whole(storm?.connections ?? 0),
    `${short(storm?.masterS ?? 0)} s`,
    `${short(storm?.nodeS ?? 0)} s`,
    `${short(death?.masterS ?? 0)} s`,
  ];
}

function shapePart(shape: Shape): string {
  const found = readPlan().shapes[shape.name] ?? [];
  const hubs = hubsOf(shape);
  const lines = shape.steps.map(({ change }, i) => {
    const { before = {}, after = {} } = hubs[i] ?? {};
    const load = scenarioOf(before);
    const step = found[i];
    if (step === undefined) throw new Error('The plan has other steps. Run `npm run simulate -- --plan`.');
    const { factor, eventsPerS, fullFirst } = step.most;
    const most = factor < 1 ? `too small still: ${fullFirst}` : `${about(eventsPerS)}; then ${fullFirst}`;
    return [
      `${whole(load.connections)}, ${whole(rateOf(load))}/s`,
      step.fullBefore ?? 'nothing',
      change === undefined ? 'nothing' : changeText(change),
      hubText(scenarioOf(after)),
      most,
    ];
  });
  return [
    `## ${shape.name}: ${shape.about}`,
    tableOf(['connections, events', 'full first', 'change', 'hub then', 'most events/s'], lines),
    commands(hubs.map(({ after }) => after)),
  ].join('\n\n');
}

/** Two digits, since the simulation knows no more. */
function about(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US');
}

function changeText({ hosts, masters, shards, wanted }: Partial<Scenario>): string {
  if (hosts !== undefined) return `replicas: ${hosts}`;
  if (masters !== undefined) return `shards: ${shards}, on ${masters} masters`;
  return `clients by shard: ${wanted} shards a node`;
}

function hubText(scenario: Scenario): string {
  const { masters, shards, wanted } = scenario;
  const ofShards = wanted < shards ? `, ${wanted} of them a node` : '';
  return `nodes ${nodesOf(scenario)}, masters ${masters}, shards ${shards}${ofShards}`;
}

function commands(given: readonly Partial<Scenario>[]): string {
  return `\`\`\`sh\n${given.map(commandOf).join('\n')}\n\`\`\``;
}
