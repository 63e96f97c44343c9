import type { Row } from './perform.ts';
import { DISTURBED } from './processes.ts';
import { percent, short, table, whole } from './table.ts';

const HEAD = [
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

/** Makes a table with a line for each entry point and peer. The ratio compares the hub with that peer in the same run. */
export function entryTableOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ scenario, peer, entry }) => {
    if (entry === undefined) return [];
    const own = rows.find((row) => row.scenario === scenario && row.peer === 'belfry')?.entry;
    const ratio = own === undefined || own === entry ? '' : `${short(own.eventsPerS / entry.eventsPerS)} x`;
    return [
      [
        scenario,
        peer,
        whole(entry.eventsPerS),
        ratio,
        short(entry.serverUsPerEvent),
        short(entry.redisUsPerEvent),
        short(entry.p50),
        short(entry.p99),
        remarks(entry).join('; '),
      ],
    ];
  });
  return lines.length === 0 ? '' : table(HEAD, lines);
}

function remarks(run: NonNullable<Row['entry']>): string[] {
  const { serverBusy, redisBusy, clientBusy, refusals, refused, isHeard, othersBusy } = run;
  const found = [
    `node ${percent(serverBusy)}, Redis ${percent(redisBusy)}, publisher ${percent(clientBusy)} busy`,
  ];
  if (!isHeard) found.push('the last event was NOT heard');
  if (refusals > 0) found.push(`${whole(refusals)} refused, first with ${refused ?? ''}`);
  if (othersBusy > DISTURBED) found.push(`disturbed: others used ${percent(othersBusy)} of the machine`);
  return found;
}
