/**
 * The long form: `npm run test:faults`. It plays every scenario of the table first, and then random scenarios and random
 * rows of faults until the time is used up.
 * `-- --seed <n>` replays a sequence, `--minutes <n>` bounds its time, `--only <text>` plays the scenarios whose name
 * contains the text, `--skip-table` begins with the random part, `--record` plays the tables of all worlds alone and writes
 * how the hub recovered into the documentation. `--world cluster` plays the scenarios of three masters, and `--size crowd` has 200
 * publishers and 100 clients in each.
 */
import { parseArgs } from 'node:util';
import { beginRecord } from '../support/record.ts';
import { findRedisServer } from '../support/redis-server.ts';
import { SIZES, type Size } from './cast.ts';
import { pick, randomOf } from './random.ts';
import { Runner, skipOf } from './runner.ts';
import { row, SCENARIOS, WORLDS, type Scenario } from './scenarios.ts';
import type { BrokerState } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '10' },
    'skip-table': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    record: { type: 'boolean', default: false },
    world: { type: 'string', default: 'single' },
    size: { type: 'string' },
  },
});

if (values.record && (values.only !== '' || values['skip-table'] || values.world !== 'single'))
  throw new Error(
    '--record writes the figures of the whole table, so it goes with neither --only nor --skip-table nor --world.',
  );
if (findRedisServer() === undefined) {
  console.log('skipped: there is no redis-server on the PATH that could be killed');
  process.exit(0);
}

const world: readonly BrokerState[] = chosenOf('world', WORLDS, values.world);
const states = values.record ? Object.values(WORLDS).flat() : world;
const sizeOf = (state: BrokerState): Size =>
  chosenOf('size', SIZES, values.size ?? (state === 'Cluster' ? 'spread' : 'small'));
const seed = Number(values.seed);
const minutes = values.record ? Number.POSITIVE_INFINITY : Number(values.minutes);
const until = performance.now() + minutes * 60_000;
const runner = new Runner(seed, Object.fromEntries(states.map((state) => [state, sizeOf(state)])));
const random = randomOf(seed);
const chosen = SCENARIOS.filter(({ name, state }) => states.includes(state) && name.includes(values.only));
const record = beginRecord('recovery', 'test:faults');
let [played, failed] = [0, 0];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void runner.end().then(() => process.exit(1)));
}
console.log(`seed ${seed}: npm run test:faults -- --seed ${seed}`);
try {
  for (const scenario of values['skip-table'] ? [] : chosen) await play(scenario);
  while (performance.now() < until && chosen.length > 0 && values.only === '' && !values.record) {
    await play(random() < 0.5 ? pick(random, chosen) : row(random, states[0] ?? 'AOF'));
  }
} finally {
  await runner.end();
}
if (values.record && failed === 0) record(runner.recoveries);
if (values.record && failed > 0) console.log('nothing is recorded, since a scenario failed');
const sumOf = (what: 'events' | 'deliveries'): number =>
  runner.recoveries.reduce((sum, recovery) => sum + recovery[what], 0);
const checked = `${sumOf('events')} events and ${sumOf('deliveries')} deliveries`;
console.log(`${played} played, ${failed} failed, ${checked} checked, seed ${seed}`);
// A failed scenario may have left handles open, so the process exits by itself.
setImmediate(() => process.exit(failed > 0 || played === 0 ? 1 : 0));

function chosenOf<Of>(option: string, table: Readonly<Record<string, Of>>, name: string): Of {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined)
    throw new Error(`--${option} is "${name}". Expected one of ${Object.keys(table).join(', ')}.`);
  return found;
}

async function play(scenario: Scenario): Promise<void> {
  const reason = await skipOf(scenario);
  if (reason !== undefined) return console.log(`skipped  ${scenario.name}: ${reason}`);
  if (performance.now() > until) return console.log(`no time  ${scenario.name}`);
  const began = performance.now();
  const wrong = await runner.play(scenario, 'long');
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  played++;
  if (wrong.length > 0) failed++;
  console.log(`${wrong.length > 0 ? 'FAILED ' : 'passed '} ${seconds.padStart(5)} s  ${scenario.name}`);
  for (const line of wrong) console.log(`    ${line}`);
}
