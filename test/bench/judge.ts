import type { Row } from './perform.ts';
import { DISTURBED } from './processes.ts';
import { short, whole } from './table.ts';

export interface Judged {
  readonly line: string;
  readonly figure: string;
  /** Whether the figure keeps its bound, or `undefined` where the run did not measure it. */
  readonly met: boolean | undefined;
  /** Whether other processes used the machine during the measurement, so that it should be repeated. */
  readonly disturbed: boolean;
}

type Find = (scenario: string, peer?: string) => Row | undefined;

/** A figure and its bound. */
type Figure = {
  readonly value: number;
  readonly unit: string;
  readonly bound: number;
  readonly least?: boolean;
};

const KIB = 1_024;

/** Compares the figures of this run with the goals of the hub. */
export function judge(rows: readonly Row[]): Judged[] {
  return Object.entries(LINES).map(([line, figureOf]) => {
    let disturbed = false;
    const found = figureOf((scenario, peer = 'belfry') => {
      const row = rows.find((each) => each.scenario === scenario && each.peer === peer);
      disturbed ||= [row?.fixed, row?.most].some((run) => run !== undefined && run.othersBusy > DISTURBED);
      return row;
    });
    if (found === undefined || !Number.isFinite(found.value))
      return { line, figure: 'not measured', met: undefined, disturbed };
    const { value, unit, bound, least = false } = found;
    const text = unit === '/s' ? whole(value) : short(value);
    return { line, figure: `${text}${unit}`, met: least ? value >= bound : value <= bound, disturbed };
  });
}

const FAN_OUT = 'fan-out 1k 128B';

const LINES: Readonly<Record<string, (find: Find) => Figure | undefined>> = {
  'deliveries to 1,000 at 128 B, durable, at least 2,500,000/s with p99 under 60 ms': (find) =>
    figure(find(FAN_OUT)?.most?.deliveriesPerS, '/s', 2_500_000, true),
  'the same, at least 20 x Socket.IO with its Redis adapter': (find) => timesPeer(find, 'socket.io', 20),
  'the same, at least 18 x the plain ws loop': (find) => timesPeer(find, 'ws', 18),
  'at 100,000 deliveries/s: p99 at most that of the plain ws loop': (find) =>
    figure(over(find(FAN_OUT)?.fixed?.p99, find(FAN_OUT, 'ws')?.fixed?.p99), ' x', 1),
  'at 100,000 deliveries/s: CPU per delivery at most 0.75 of the plain ws loop': (find) =>
    figure(
      over(find(FAN_OUT)?.fixed?.cpuUsPerDelivery, find(FAN_OUT, 'ws')?.fixed?.cpuUsPerDelivery),
      ' x',
      0.75,
    ),
  'one event to one idle client: p50 under 1 ms': (find) =>
    figure(find('one idle client')?.fixed?.p50, ' ms', 1),
  'idle connection, 15,000 of one pattern: at most 10 KiB': (find) =>
    figure(over(find('idle 15k, one pattern')?.bytesPerConnection, KIB), ' KiB', 10),
  'idle connection, 15,000 patterns: at most 12 KiB': (find) =>
    figure(over(find('idle 15k, own patterns')?.bytesPerConnection, KIB), ' KiB', 12),
  'CPU per event of 1 among 10,000 topics at most 1.2 x that among 10': (find) =>
    figure(perEvent(find, '1 among 10k topics', '1 among 10 topics'), ' x', 1.2),
  'deflate to 1,000 at most 1.3 x plain, CPU per event': (find) =>
    figure(perEvent(find, 'deflate 1.2KB', 'plain 1.2KB'), ' x', 1.3),
  'two nodes at least 1.8 x one, by the CPU of each for a delivery': (find) => {
    const [one, each] = ['one node', 'two nodes'].map((name) => find(name)?.fixed?.cpuUsPerDelivery);
    return figure(over(one === undefined ? undefined : 2 * one, each), ' x', 1.8, true);
  },
};

function figure(value: number | undefined, unit: string, bound: number, least = false): Figure | undefined {
  return value === undefined ? undefined : { value, unit, bound, least };
}

function over(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined ? undefined : value / by;
}

function timesPeer(find: Find, peer: string, bound: number): Figure | undefined {
  const value = over(find(FAN_OUT)?.most?.deliveriesPerS, find(FAN_OUT, peer)?.most?.deliveriesPerS);
  return figure(value, ' x', bound, true);
}

function perEvent(find: Find, scenario: string, than: string): number | undefined {
  return over(find(scenario)?.fixed?.cpuUsPerEvent, find(than)?.fixed?.cpuUsPerEvent);
}
