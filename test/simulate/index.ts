import { Command, InvalidArgumentError } from 'commander';
import { whole } from '../bench/summary.ts';
import { compare, comparisonTable, notCompared, unsteady, WITHIN } from './check.ts';
import { claimsOf, fit } from './fit.ts';
import { measure } from './measure.ts';
import { readParts, writeParts } from './parts.ts';
import { writePlan } from './plan.ts';
import { readMeasured } from './measured.ts';
import { POINTS } from './points.ts';
import { reportOf } from './report.ts';
import { DEFAULTS, scenarioOf, type Scenario } from './scenario.ts';

const PERCENT = 100;
const WAYS: readonly Scenario['by'][] = ['fcall', 'live', 'http', 'http list'];

interface Options extends Omit<Partial<Scenario>, 'by'> {
  readonly by?: string;
  readonly check?: boolean;
  readonly measure?: boolean | string[];
  readonly repeat: number;
  readonly fit?: boolean;
  readonly plan?: boolean;
}

await new Command('simulate')
  .description(
    'What a hub of a size that nobody has here would do, from parts of the cost that were measured.',
  )
  .option('--connections <count>', 'of all nodes', number)
  .option('--hosts <count>', 'hosts with nodes', number)
  .option('--workers <count>', 'nodes on each host, each on a core', number)
  .option('--masters <count>', 'masters of Redis', number)
  .option('--shards <count>', 'shards of the log', number)
  .option('--wanted <count>', 'shards that the clients of a node want, all unless given', number)
  .option('--events <rate>', 'events a second that a few clients hear', number)
  .option('--hearers <count>', 'clients that hear each of these', number)
  .option('--topics <count>', 'topics of these events', number)
  .option('--broadcasts <rate>', 'events a second that all clients hear', number)
  .option('--size <bytes>', 'JSON of an event', number)
  .option('--by <entry point>', WAYS.join(', '))
  .option('--publishers <count>', 'each of them sends its events evenly', number)
  .option('--churn <rate>', 'connections that end and come anew a second', number)
  .option('--link <bits>', 'bits a second of a network card', number)
  .option('--node-memory <bytes>', 'memory of a node', number)
  .option('--master-memory <bytes>', 'memory of a master', number)
  .option(
    '--check',
    'compare with every point that was measured, and list what is left out; fails where one is not within 20 %',
  )
  .option('--measure [names...]', 'measure the points whose names hold one of these, or all, with the bench')
  .option('--repeat <times>', 'measure each point this often', number, 1)
  .option('--fit', 'compute the parts of the cost anew from the points that are for this')
  .option('--plan', 'simulate the steps to a million anew, for the documentation')
  .action(run)
  .parseAsync();

async function run({ check, measure: names, repeat, fit: fits, plan, by, ...given }: Options): Promise<void> {
  if (names !== undefined) {
    const parts = names === true || names === false ? [''] : names;
    const exact = POINTS.filter(({ name }) => parts.includes(name));
    const chosen =
      exact.length > 0 ? exact : POINTS.filter(({ name }) => parts.some((part) => name.includes(part)));
    if (chosen.length === 0) throw new Error(`No point has a name with ${parts.join(' or ')}.`);
    await measure(chosen, repeat, (line) => console.error(line));
  }
  if (fits === true) {
    const claims = claimsOf(
      POINTS.filter(({ use }) => use === 'fit'),
      readMeasured(),
    );
    writeParts(fit(claims, readParts()));
  }
  if (plan === true) writePlan(readParts());
  if (check === true) checkAll();
  if (names === undefined && fits !== true && plan !== true && check !== true)
    console.log(reportOf(scenarioOf({ ...given, by: wayOf(by) }), readParts()));
}

function wayOf(by: string = DEFAULTS.by): Scenario['by'] {
  const way = WAYS.find((each) => each === by);
  if (way === undefined) throw new Error(`There is no entry point "${by}". Expected ${WAYS.join(', ')}.`);
  return way;
}

function checkAll(): void {
  const [all, parts] = [readMeasured(), readParts()];
  const comparisons = compare(POINTS, all, parts);
  const far = comparisons.filter(({ isWithin }) => !isWithin);
  console.log(comparisonTable(comparisons));
  console.log(
    `\n${comparisons.length - far.length} of ${comparisons.length} figures are within ${WITHIN * PERCENT} % of what was measured.`,
  );
  for (const { name, leftOut } of POINTS)
    for (const [figure, reason] of Object.entries(leftOut ?? {}))
      console.log(`left out: ${name}, ${figure}: ${reason}`);
  for (const { point, figure, spread, simulated, measured } of unsteady(POINTS, all, parts))
    console.log(
      `left out: ${point.name}, ${figure}: its runs differ by up to ${whole(spread * PERCENT)} % from their median, of which the simulation gives ${(simulated / measured).toFixed(2)}`,
    );
  for (const line of notCompared(POINTS, all, parts)) console.log(`left out: ${line}`);
  if (far.length > 0) process.exitCode = 1;
}

function number(text: string): number {
  const value = Number(text);
  if (!(value >= 0) || text.trim() === '')
    throw new InvalidArgumentError('Expected a number that is not negative.');
  return value;
}
