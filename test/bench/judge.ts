import { LINES, type Find, type Line } from './judge-lines.ts';
import type { Row } from './perform.ts';
import { DISTURBED } from '../support/machine.ts';
import { median } from './statistics.ts';
import { short, spreadOf, whole } from './summary.ts';

export interface Judged {
  readonly line: string;
  /** The median of all repetitions with its unit, and with the least and the greatest where there are several. */
  readonly figure: string;
  /** Whether the figure keeps its bound, or `undefined` where the run did not measure it. */
  readonly met: boolean | undefined;
  /** Whether other processes used the machine during the measurement, so that it should be repeated. */
  readonly disturbed: boolean;
}

/** Compares the figures of this run with the goals of the hub. A ratio is taken in each repetition, and its median counts. */
export function judge(rows: readonly Row[], lines: readonly Line[] = LINES): Judged[] {
  const repetitions = [...Map.groupBy(rows, ({ repeat }) => repeat).values()];
  return lines.map((line) => judged(line, repetitions));
}

function judged({ line, unit, bound, least, figureOf }: Line, repetitions: readonly Row[][]): Judged {
  let disturbed = false;
  const found = repetitions.map((rows) => {
    const find: Find = (scenario, peer = 'belfry') => {
      const row = rows.find((each) => each.scenario === scenario && each.peer === peer);
      disturbed ||= isDisturbed(row);
      return row;
    };
    return figureOf(find);
  });
  const figures = found.filter((value): value is number => value !== undefined && !Number.isNaN(value));
  if (figures.length === 0) return { line, figure: 'not measured', met: undefined, disturbed };
  const value = median(figures);
  const format = unit === '/s' ? whole : short;
  const figure = `${format(value)}${unit}${spreadOf(figures, format)}`;
  return { line, figure, met: least === true ? value >= bound : value <= bound, disturbed };
}

function isDisturbed(row: Row | undefined): boolean {
  const runs = [row?.fixed, row?.most, row?.entry, row?.failover];
  return runs.some((run) => run !== undefined && run.othersBusy > DISTURBED);
}
