import type { EntryRun } from './figures.ts';
import type { Row } from './perform.ts';
import { DISTURBED } from '../support/machine.ts';
import { cellOf, percent, short, summariesOf, table, whole } from './summary.ts';

const ENTRY_HEAD = [
  'scenario',
  'peer',
  'events/s',
  'ratio',
  'µs node/event',
  'µs Redis/event',
  'p50 ms',
  'p99 ms',
  'remarks',
];
const FAILOVER_HEAD = ['scenario', 'peer', 'back ms', 'connections', 'node CPU ms', 'remarks'];

/** Makes a table with a line for each entry point and peer. The ratio compares the hub with that peer in the same run. */
export function entryTableOf(rows: readonly Row[]): string {
  const summaries = summariesOf(rows.filter(({ entry }) => entry !== undefined));
  const lines = summaries.flatMap((summary) => {
    const { scenario, peer, entry } = summary.row;
    if (entry === undefined) return [];
    const own = summaries.find(({ row }) => row.scenario === scenario && row.peer === 'belfry')?.row.entry;
    const ratio =
      own === undefined || peer === 'belfry' ? '' : `${short(own.eventsPerS / entry.eventsPerS)} x`;
    const cell = (figureOf: (run: EntryRun) => number, format: (value: number) => string): string =>
      cellOf(summary, (row) => row.entry && figureOf(row.entry), format);
    return [
      [
        scenario,
        peer,
        cell((run) => run.eventsPerS, whole),
        ratio,
        cell((run) => run.serverUsPerEvent, short),
        cell((run) => run.redisUsPerEvent, short),
        cell((run) => run.p50, short),
        cell((run) => run.p99, short),
        remarks(entry).join('; '),
      ],
    ];
  });
  return lines.length === 0 ? '' : table(ENTRY_HEAD, lines);
}

/** Makes a table with a line for each peer whose clients came back from a node that was killed. */
export function failoverTableOf(rows: readonly Row[]): string {
  const summaries = summariesOf(rows.filter(({ failover }) => failover !== undefined));
  const lines = summaries.map((summary) => {
    const { scenario, peer, failover } = summary.row;
    return [
      scenario,
      peer,
      cellOf(summary, (row) => row.failover?.backMs, whole),
      whole(failover?.connected ?? 0),
      cellOf(summary, (row) => row.failover?.serverMs, whole),
      `${whole(failover?.heard ?? 0)} of ${whole(failover?.wanted ?? 0)} missed events heard; load client ${percent(failover?.busy ?? 0)} busy${disturbance(failover?.othersBusy ?? 0)}`,
    ];
  });
  return lines.length === 0 ? '' : table(FAILOVER_HEAD, lines);
}

function remarks({
  serverBusy,
  redisBusy,
  clientBusy,
  refusals,
  refused,
  isHeard,
  othersBusy,
}: EntryRun): string[] {
  const found = [
    `node ${percent(serverBusy)}, Redis ${percent(redisBusy)}, publisher ${percent(clientBusy)} busy${disturbance(othersBusy)}`,
  ];
  if (!isHeard) found.push('the last event was NOT heard');
  if (refusals > 0) found.push(`${whole(refusals)} refused, first with ${refused ?? ''}`);
  return found;
}

function disturbance(others: number): string {
  return others > DISTURBED ? `; disturbed: others used ${percent(others)} of the machine` : '';
}
