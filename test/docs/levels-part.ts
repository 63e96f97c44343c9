import { barChart, lineChart } from '../bench/charts/svg.ts';
import type { RecordedFigures } from '../bench/figures-recorded.ts';
import { SCENARIOS, type Scenario } from '../bench/scenarios.ts';
import { percent, short, whole } from '../bench/summary.ts';
import type { Recovery } from '../faults/recovery.ts';
import { SCENARIOS as FAULTS } from '../faults/scenarios.ts';
import { isDisturbed, readRecord, type Recorded } from '../support/record.ts';
import { OBJECTIVES, shownOf } from './objectives.ts';
import { tableOf } from './tables.ts';

/** The chart shows the latencies of so many clients. */
const CHARTED_CLIENTS = 1_000;
const CHARTED_FAULTS = 20;

interface Latency {
  readonly scenario: Scenario;
  readonly clients: number;
  readonly fixed: NonNullable<RecordedFigures['fixed']>;
  readonly othersBusy: number;
}

/** What is promised, what was measured, and how to measure it again. */
export function levelsPart(): string {
  const [latency, recovery] = [readRecord<RecordedFigures[]>('latency'), readRecord<Recovery[]>('recovery')];
  return [
    `## What is promised\n\n${objectives()}`,
    `## From publish to socket\n\n${madeBy(latency)}\n\n![${TITLES.latency}, as in the table below](service-levels/latency.svg)\n\n${latencies()}`,
    `## Recovery after each fault\n\n${madeBy(recovery)}\n\n![${TITLES.recovery}, as in the table below](service-levels/recovery.svg)\n\n${recoveries()}${unmeasured()}`,
  ].join('\n\n');
}

/** The machine, the day, the version and the command of figures. */
export function madeBy(recorded: Recorded<unknown>): string {
  const { command, machine, othersUsed, date, version, hub } = recorded;
  const disturbed = isDisturbed(recorded) ? ', so the hub can do better than this: measure it again' : '';
  return `\`${command}\` made these figures on ${date}, of version ${version} (code ${hub}), on this machine: ${machine}. Others used ${percent(othersUsed)} of it meanwhile${disturbed}.`;
}

const TITLES = {
  latency: 'Latency from publish to the socket of a client, 1,000 clients',
  recovery: 'Recovery after the twenty faults with the longest one',
};

function objectives(): string {
  const rows = OBJECTIVES.map((objective) => {
    const { what, alert, measured } = objective;
    const { promised, found } = shownOf(objective);
    return [
      what,
      promised,
      alert === undefined ? '' : `[${alert}](alerts.md#${alert.toLowerCase()})`,
      `${found}${measured().note}`,
    ];
  });
  return tableOf(['', 'promised', 'alert', 'measured at worst'], rows);
}

function measuredLatencies(): Latency[] {
  return readRecord<RecordedFigures[]>('latency').figures.flatMap(
    ({ scenario: name, clients, fixed, peer, othersBusy }) => {
      const scenario = SCENARIOS.find((each) => each.name === name);
      return scenario === undefined || fixed === undefined || peer !== 'belfry'
        ? []
        : [{ scenario, clients, fixed, othersBusy }];
    },
  );
}

function latencies(): string {
  const rows = measuredLatencies().map(({ scenario, clients, fixed, othersBusy }) => [
    whole(clients),
    whole(fixed.eventsPerS),
    whole(fixed.eventsPerS * clients),
    String(scenario.nodes ?? 1),
    transportOf(scenario),
    `${short(fixed.p50)} ms`,
    `${short(fixed.p99)} ms`,
    percent(othersBusy),
  ]);
  return tableOf(['clients', 'events/s', 'deliveries/s', 'nodes', 'by', 'p50', 'p99', 'others used'], rows);
}

function transportOf({ groups }: Scenario): string {
  return groups[0]?.dialect === 'event stream' ? 'event stream (SSE)' : 'native WebSocket';
}

export function latencyChart(): string {
  const lineOf = (name: string, percentile: 'p50' | 'p99', nodes: number, dialect?: string) => ({
    name,
    points: measuredLatencies()
      .filter(
        ({ scenario, clients }) =>
          clients === CHARTED_CLIENTS &&
          (scenario.nodes ?? 1) === nodes &&
          scenario.groups[0]?.dialect === dialect,
      )
      .map(({ fixed }) => [fixed.eventsPerS, fixed[percentile]] as const),
  });
  return lineChart({
    title: TITLES.latency,
    caption: captionOf(readRecord('latency')),
    isLogarithmic: true,
    xLabel: 'events a second, each to all clients',
    yLabel: 'ms',
    series: [
      lineOf('one node, p50', 'p50', 1),
      lineOf('one node, p99', 'p99', 1),
      lineOf('two nodes, p99', 'p99', 2),
      lineOf('SSE, p99', 'p99', 1, 'event stream'),
    ],
  });
}

function recoveries(): string {
  const rows = slowestFirst().map(
    ({ fault, state, heardAgainMs, acceptedAgainMs, silentMs, refusedMs, events, told }) => [
      fault,
      state,
      ...[heardAgainMs, acceptedAgainMs, silentMs, refusedMs].map(timeOf),
      whole(events),
      told === 0 ? '' : whole(told),
    ],
  );
  return tableOf(
    [
      'fault',
      'Redis',
      'heard again',
      'accepted again',
      'nothing heard',
      'nothing accepted',
      'events',
      'clients told of a gap',
    ],
    rows,
  );
}

/** The faults that were added to the suite since it was recorded. */
function unmeasured(): string {
  const measured = new Set(slowestFirst().map(nameOf));
  const lacking = FAULTS.map(({ fault, state }) => nameOf({ fault: fault.fact, state })).filter(
    (name) => !measured.has(name),
  );
  return lacking.length === 0 ? '' : `\n\nNot measured yet: ${lacking.join('; ')}.`;
}

function nameOf({ fault, state }: Pick<Recovery, 'fault' | 'state'>): string {
  return `${fault} (${state})`;
}

function slowestFirst(): Recovery[] {
  return readRecord<Recovery[]>('recovery').figures.toSorted((a, b) => b.heardAgainMs - a.heardAgainMs);
}

export function recoveryChart(): string {
  return barChart({
    title: TITLES.recovery,
    caption: captionOf(readRecord('recovery')),
    label: 'seconds, of the client that waited longest',
    series: ['until all hear again, once it is over', 'nothing heard, with the fault'],
    bars: slowestFirst()
      .slice(0, CHARTED_FAULTS)
      .map(({ fault, state, heardAgainMs, silentMs }) => ({
        name: nameOf({ fault, state }),
        values: [heardAgainMs / 1_000, silentMs / 1_000],
      })),
  });
}

function captionOf({ machine, date, version }: Recorded<unknown>): string {
  return `${machine}; ${version}, ${date}`;
}

export function timeOf(ms: number): string {
  return ms < 1_000 ? `${whole(ms)} ms` : `${short(ms / 1_000)} s`;
}
