import type { Piece, Style } from '../cli/output.ts';
import type { Result, State } from './outcome.ts';

const STYLES: Readonly<Record<State, Style>> = { passed: 'green', failed: 'red', skipped: 'yellow' };

export type Counts = Readonly<Record<State, number>>;

export function countsOf(results: readonly Result[]): Counts {
  const of = (state: State): number => results.filter((result) => result.state === state).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

export function sumOf({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The results of one dialect as lines for people. A failure has lines for what was sent, expected and received. */
export function linesOf(results: readonly Result[]): readonly (readonly Piece[])[] {
  const [first] = results;
  if (first === undefined) return [];
  const head: Piece[] = [[first.dialect, 'bold'], `  ${sumOf(countsOf(results))}`];
  return [head, ...results.flatMap(linesOfOne), []];
}

function linesOfOne(result: Result): Piece[][] {
  const { state, check, says, place, detail, sent = [], came = [] } = result;
  const line: Piece[] = ['  ', [state.padEnd(8), STYLES[state]], [check.padEnd(26), 'bold'], ` ${says}`];
  if (state === 'passed') return [detail === undefined ? line : [...line, [` (${detail})`, 'dim']]];
  const indent = ' '.repeat(10);
  if (state === 'skipped') return [line, [`${indent}because ${detail ?? ''}`]];
  const listed = (title: string, lines: readonly string[]): Piece[][] =>
    (lines.length === 0 ? ['nothing'] : lines).map((each, i) => [
      `${indent}${(i === 0 ? title : '').padEnd(10)}`,
      each,
    ]);
  return [
    line,
    [`${indent}${'document'.padEnd(10)}`, place],
    ...listed('sent', sent),
    [`${indent}${'expected'.padEnd(10)}`, (detail ?? '').replace(/^expected /, '')],
    ...listed('came', came),
  ];
}
