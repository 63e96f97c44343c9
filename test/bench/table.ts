import type { Row } from './perform.ts';
import { DISTURBED } from './processes.ts';

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
  const fanOuts = rows.filter(({ entry }) => entry === undefined);
  return table(
    HEAD,
    fanOuts.map((row) => cells(row, rows, connectionsOf(row.scenario))),
  );
}

/** A table in Markdown. The first two columns are text. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [format(head), rule, ...lines.map(format)].join('\n');
}

function cells(row: Row, rows: readonly Row[], connections: number): string[] {
  const { scenario, peer, most, limit, fixed, bytesPerConnection, connectsPerS } = row;
  const many = connections >= ENOUGH_CONNECTIONS;
  const quick = fixed !== undefined && fixed.events > 0;
  return [
    scenario,
    peer,
    most === undefined ? '' : whole(most.deliveriesPerS),
    ratio(row, rows),
    most === undefined ? '' : short(most.p99),
    limit ?? '',
    fixed === undefined ? '' : whole((fixed.rate * fixed.expected) / Math.max(1, fixed.published.count)),
    quick ? short(fixed.cpuUsPerDelivery) : '',
    quick ? short(fixed.cpuUsPerEvent) : '',
    quick ? short(fixed.p50) : '',
    quick ? short(fixed.p99) : '',
    quick ? short(fixed.p999) : '',
    many && bytesPerConnection !== undefined ? short(bytesPerConnection / 1_024) : '',
    many && connectsPerS !== undefined ? whole(connectsPerS) : '',
    remarks(row).join('; '),
  ];
}

function ratio({ scenario, most }: Row, rows: readonly Row[]): string {
  const own = rows.find((row) => row.scenario === scenario && row.peer === 'belfry')?.most;
  if (own === undefined || most === undefined || own === most) return '';
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

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Formats a figure with two or three significant digits. */
export function short(value: number): string {
  return value >= 100 ? whole(value) : value.toPrecision(value >= 10 ? 3 : 2);
}
