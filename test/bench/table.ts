import type { Row } from './perform.ts';
import { DISTURBED } from '../support/machine.ts';
import { cellOf, percent, short, summariesOf, table, whole, type Summary } from './summary.ts';

/** With fewer connections than this, figures of the memory and the handshake of one connection mean nothing. */
const ENOUGH_CONNECTIONS = 1_000;

const HEAD = [
  'scenario',
  'peer',
  'deliveries/s',
  'ratio',
  'p99 ms',
  'stopped by',
  'at rate/s',
  'µs CPU/del.',
  'µs CPU/event',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'KiB/conn',
  'connects/s',
  'remarks',
];

/** Makes a table with a line for each scenario and peer. The ratio compares the hub with that peer in the same run. */
export function tableOf(rows: readonly Row[], connectionsOf: (scenario: string) => number): string {
  const fanOuts = rows.filter(({ entry, failover }) => entry === undefined && failover === undefined);
  const summaries = summariesOf(fanOuts);
  if (summaries.length === 0) return '';
  return table(
    HEAD,
    summaries.map((summary) => cells(summary, summaries, connectionsOf(summary.row.scenario))),
  );
}

function cells(summary: Summary, all: readonly Summary[], connections: number): string[] {
  const { scenario, peer, limit, fixed } = summary.row;
  const many = connections >= ENOUGH_CONNECTIONS;
  const heard = (row: Row): Row['fixed'] => ((row.fixed?.events ?? 0) > 0 ? row.fixed : undefined);
  return [
    scenario,
    peer,
    mostOf(summary),
    ratio(summary, all),
    cellOf(summary, ({ most }) => most?.p99, short),
    limit ?? '',
    fixed === undefined ? '' : whole((fixed.rate * fixed.expected) / Math.max(1, fixed.published.count)),
    cellOf(summary, (row) => heard(row)?.cpuUsPerDelivery, short),
    cellOf(summary, (row) => heard(row)?.cpuUsPerEvent, short),
    cellOf(summary, (row) => heard(row)?.p50, short),
    cellOf(summary, (row) => heard(row)?.p99, short),
    cellOf(summary, (row) => heard(row)?.p999, short),
    many ? cellOf(summary, ({ bytesPerConnection = Number.NaN }) => bytesPerConnection / 1_024, short) : '',
    many ? cellOf(summary, ({ connectsPerS }) => connectsPerS, whole) : '',
    remarks(summary.row).join('; '),
  ];
}

/** Where there is only one repetition, the spread is that of the runs that confirmed the figure. */
function mostOf(summary: Summary): string {
  const { row, all } = summary;
  if (all.length > 1 || row.mostSpread === undefined || row.most === undefined)
    return cellOf(summary, ({ most }) => most?.deliveriesPerS, whole);
  const [least, greatest] = row.mostSpread;
  const spread = least === greatest ? '' : ` (${whole(least)}–${whole(greatest)})`;
  return whole(row.most.deliveriesPerS) + spread;
}

function ratio({ row: { scenario, peer, most } }: Summary, all: readonly Summary[]): string {
  const own = all.find(({ row }) => row.scenario === scenario && row.peer === 'belfry')?.row.most;
  if (own === undefined || most === undefined || peer === 'belfry') return '';
  return `${short(own.deliveriesPerS / most.deliveriesPerS)} x`;
}

/** Everything that lowers the value of a figure. */
function remarks({ fixed, most }: Row): string[] {
  const found: string[] = [];
  if (fixed !== undefined) {
    const lost = fixed.expected - fixed.events;
    if (lost > fixed.expected * 0.001)
      found.push(`${whole(lost)} of ${whole(fixed.expected)} not heard at the fixed rate`);
    if (fixed.saturated) found.push('load client saturated at the fixed rate');
    for (const [why, count] of Object.entries(fixed.ended)) found.push(`${count} x ${why}`);
    if (fixed.published.error !== undefined) found.push(fixed.published.error);
  }
  if (most !== undefined)
    found.push(`at its most: server ${percent(most.serverBusy)}, load client ${percent(most.busy)} busy`);
  const others = Math.max(fixed?.othersBusy ?? 0, most?.othersBusy ?? 0);
  if (others > DISTURBED) found.push(`disturbed: others used ${percent(others)} of the machine`);
  if (most?.saturated === true) found.push('load client saturated: the server may do more');
  return found;
}
