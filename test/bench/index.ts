import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { machine, machineCpuMs } from '../support/machine.ts';
import { beginRecord, RECORDED_BY_BENCH, type RecordedByBench } from '../support/record.ts';
import { writeCharts } from './charts/write.ts';
import { entryTableOf, failoverTableOf } from './entry-table.ts';
import { figuresOf } from './figures-recorded.ts';
import { judge } from './judge.ts';
import { FULL, perform, QUICK, type Effort, type Row } from './perform.ts';
import { programInC } from './native.ts';
import { PEERS, peerOf } from './peers/index.ts';
import { endAll, PINNED } from './processes.ts';
import type { Peer } from './peers/peer.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { percent } from './summary.ts';
import { tableOf } from './table.ts';

/** For each repetition. */
const LASTS_AT_MOST_MS = { quick: 60_000, full: 120 * 60_000 };

interface Options {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly peer?: readonly string[];
  readonly list?: boolean;
  readonly repeat: number;
  readonly charts?: boolean;
  readonly record?: RecordedByBench;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const exit = (): void => process.exit(1);

const startedAt = performance.now();
const cpuBefore = machineCpuMs();
const rows: Row[] = [];

process.on('exit', endAll);
for (const signal of SIGNALS) process.on(signal, exit);

await new Command('bench')
  .description(
    'This hub beside its peers: one server on one core, its load on another. Figures are of this machine.',
  )
  .argument('[scenarios...]', 'parts of the names of scenarios; all when absent')
  .option('-q, --quick', 'a few scenarios in short steps, under a minute')
  .option('-j, --json', 'print JSON')
  .option('-p, --peer <name...>', `only these peers: ${PEERS.map(({ name }) => name).join(', ')}`)
  .option('-r, --repeat <times>', 'measure each scenario this often, and show medians and spreads', Number, 1)
  .option('-c, --charts', 'measure the growth curves of these names instead, and draw them into the docs')
  .addOption(
    new Option(
      '--record <figures>',
      'write the figures of this run into the docs, in place of these',
    ).choices(RECORDED_BY_BENCH),
  )
  .option('-l, --list', 'name the scenarios and end')
  .action(async (names: string[], options: Options) => {
    const chosen = SCENARIOS.filter(({ name, quick }) =>
      names.length === 0
        ? quick === true || options.quick !== true
        : names.some((part) => name.includes(part)),
    );
    if (options.charts === true) await writeCharts(names, options.peer, machine(), note);
    else if (options.list === true) console.log(SCENARIOS.map(({ name }) => name).join('\n'));
    else if (chosen.length === 0) throw new Error(`No scenario is named ${names.join(' or ')}. See --list.`);
    else await bench(chosen, options, names.length === 0);
  })
  .parseAsync();

async function bench(scenarios: readonly Scenario[], options: Options, isWhole: boolean): Promise<void> {
  const effort = options.quick === true ? QUICK : FULL;
  const limitMs =
    (options.quick === true && isWhole ? LASTS_AT_MOST_MS.quick : LASTS_AT_MOST_MS.full) * options.repeat;
  const stop = (): void => {
    print(options, isWhole);
    console.error('bench: ended before all was measured, with what there was.');
    process.exit(1);
  };
  const timer = setTimeout(stop, limitMs);
  for (const signal of SIGNALS) process.off(signal, exit).once(signal, stop);
  const peers = options.peer?.map(peerOf) ?? PEERS;
  // What is recorded is whole: a run that was ended, or in which something failed, leaves the figures as they were.
  const record = options.record && beginRecord(options.record, 'bench');
  for (const scenario of scenarios) {
    const asked = peers.filter(({ name }) => scenario.peers?.includes(name) ?? true);
    // The peers take turns, so that what disturbs the machine for a while disturbs all of them.
    for (let repeat = 0; repeat < options.repeat; repeat++)
      for (const peer of asked) await measure(peer, scenario, effort, repeat);
  }
  clearTimeout(timer);
  if (record !== undefined && process.exitCode === undefined) record(figuresOf(rows));
  else if (record !== undefined) console.error('bench: nothing is recorded, since a measurement failed.');
  print(options, isWhole);
}

async function measure(peer: Peer, scenario: Scenario, effort: Effort, repeat: number): Promise<void> {
  note(`${scenario.name}: ${peer.name}${repeat === 0 ? '' : `, repetition ${repeat + 1}`}`);
  try {
    const row = await perform(peer, scenario, effort, repeat);
    if (row !== undefined) rows.push(row);
  } catch (error) {
    console.error(`bench: ${scenario.name} with ${peer.name} failed: ${String(error)}`);
    process.exitCode = 1;
  }
}

/** A run of all scenarios also names the goals that it did not measure. */
function print({ json, quick }: Options, isWhole: boolean): void {
  const judged = judge(rows);
  const environment = machineLines();
  if (json === true)
    return console.log(
      JSON.stringify({ machine: environment, quick: quick === true, rows, judged }, null, 2),
    );
  console.log(environment.join('\n'));
  for (const text of [tableOf(rows, connectionsOf), entryTableOf(rows), failoverTableOf(rows)])
    if (text !== '') console.log(`\n${text}`);
  console.log(
    '\nLeft: the most that was sustained (99 % delivered, p99 within the bound), and what stopped it. Right: at a fixed rate.\n' +
      'CPU is all of the server process and its children, from outside. Sizes are of the JSON as published; the hub adds id and time to it.\n' +
      'Every server was warmed up before, with up to 20,000 events (by an entry point for six seconds), since a server in use has compiled its code long ago.\n' +
      'A "?" below marks what was measured while others used the machine: measure it again.',
  );
  const used = new Set(rows.map(({ peer }) => peer));
  for (const { name, about } of PEERS) if (used.has(name)) console.log(`${name}: ${about}`);
  console.log('');
  for (const { line, figure, met, disturbed } of judged)
    if (met !== undefined || (isWhole && quick !== true))
      console.log(`${verdict(met, disturbed)}${figure.padStart(24)}  ${line}`);
}

function verdict(met: boolean | undefined, disturbed: boolean): string {
  if (met === undefined) return '-         ';
  return `${met ? 'met' : 'NOT MET'}${disturbed ? ' ?' : ''}`.padEnd(10);
}

function machineLines(): string[] {
  const { user, system } = process.cpuUsage();
  const cores = availableParallelism();
  const ours = rows.reduce((sum, { cpuMs }) => sum + cpuMs, (user + system) / 1_000);
  const others = (machineCpuMs() - cpuBefore - ours) / ((performance.now() - startedAt) * cores);
  const pins = PINNED
    ? 'server on core 0; load, publisher and Redis together on core 1'
    : 'NOT pinned (no taskset, or one core): servers and load share cores, and figures say little';
  return [
    machine(),
    `load client in ${programInC('main') === undefined ? 'Node, since no C compiler is on the PATH: it may be full before the server is' : 'C (in Node where it inflates)'}`,
    `${pins}; others used ${percent(Math.max(0, others))} of this machine meanwhile`,
  ];
}

function connectionsOf(scenario: string): number {
  const found = SCENARIOS.find(({ name }) => name === scenario);
  return found?.groups.reduce((sum, { count }) => sum + count, 0) ?? 0;
}

function note(line: string): void {
  if (process.stderr.isTTY) console.error(`bench: ${line}`);
}
