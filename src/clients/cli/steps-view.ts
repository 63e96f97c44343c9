import type { HubEvent } from '../sdk/item.ts';
import { EVENTS, type EventPrinter } from './event-line.ts';
import type { Note, Output, Piece, Style } from './output.ts';
import { barOf } from './progress.ts';
import type { Status } from '../runs/reports.ts';
import { isEnded, Runs, type Change, type Run, type Step } from '../runs/runs.ts';
import { padded, widthOf } from './text-width.ts';

const MARKS: Readonly<Record<Status, readonly [mark: string, style: Style]>> = {
  waiting: ['○', 'dim'],
  running: ['●', 'cyan'],
  done: ['✔', 'green'],
  failed: ['✖', 'red'],
  stopped: ['■', 'yellow'],
};
const BAR_WIDTH = 20;
/** Of a terminal that was told no size. */
const USUAL_ROWS = 24;
/** A burst of events is drawn once. */
const DRAW_MS = 50;

type Write = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'rows'>>;

/** Shows how runs go on: on a terminal as blocks that are drawn again, elsewhere as one line for each change. */
export function stepsView(output: Output, note: Note): EventPrinter {
  return output.isTerminal && output.format === 'table'
    ? new DrawnSteps(output, process.stdout, note)
    : new ListedSteps(output, note);
}

/** One line, or one object, for each change. */
class ListedSteps implements EventPrinter {
  readonly note: Note;
  readonly #runs = new Runs();
  readonly #rows;

  constructor(output: Output, note: Note) {
    this.note = note;
    this.#rows = output.rows<Change>({ line: changeLine });
  }

  print(event: HubEvent): void {
    for (const change of this.#runs.apply(event)?.changes ?? []) this.#rows.print(change);
  }

  end(): void {
    this.#rows.end();
  }
}

/** Runs that go on stand at the end of the terminal, and are drawn again with each change. One that has ended stays as it is. */
class DrawnSteps implements EventPrinter {
  readonly #output: Output;
  readonly #stream: Write;
  readonly note: Note;
  readonly #runs = new Runs();
  readonly #open = new Map<string, Run>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output, stream: Write, note: Note) {
    this.#output = output;
    this.#stream = stream;
    this.note = (line) => this.#above(() => note(line));
  }

  print(event: HubEvent): void {
    const applied = this.#runs.apply(event);
    if (applied === undefined) return this.#above(() => this.#output.line(EVENTS.line?.(event) ?? []));
    const { run, changes } = applied;
    if (changes.length === 0) return;
    if (isEnded(run)) {
      this.#open.delete(run.topic);
      return this.#above(() => {
        for (const line of blockOf(run)) this.#output.line(line);
      });
    }
    this.#open.set(run.topic, run);
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  end(): void {
    this.#draw();
    this.#drawn = 0;
  }

  /** Writes something that stays, above what is drawn again. */
  #above(write: () => void): void {
    this.#erase();
    write();
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#erase();
    const lines = [...this.#open.values()].flatMap(blockOf);
    // What has left the terminal cannot be erased.
    const shown = lines.slice(-Math.max(1, (this.#stream.rows || USUAL_ROWS) - 1));
    for (const line of shown) this.#output.line(line);
    this.#drawn = shown.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}

function changeLine({ time, run, step, status, percent, durationMs, message }: Change): Piece[] {
  const [, style] = MARKS[status];
  const rest = [percentText(percent), durationText(durationMs), message].filter((each) => each !== null);
  return [
    [time, 'dim'],
    '  ',
    [run, 'bold'],
    '  ',
    ...(step === null ? [] : [step, '  ']),
    [status, style],
    ...rest.map((each) => `  ${each}`),
  ];
}

function blockOf(run: Run): Piece[][] {
  const [, style] = MARKS[run.status];
  const { percent, total, steps } = run;
  const completed = run.completed ?? steps.filter(({ status }) => status === 'done').length;
  const bar = percent === undefined ? [] : [`  ${barOf(percent / 100, BAR_WIDTH)} ${percentText(percent)}`];
  const count = total === undefined ? [] : [`  ${completed}/${total}`];
  const width = Math.max(0, ...steps.map(({ name }) => widthOf(name)));
  const message: Piece[][] = run.message === undefined ? [] : [['    ', [run.message, 'dim']]];
  return [
    [[run.name, 'bold'], '  ', [run.status, style], ...bar, ...count],
    ...steps.map((step) => stepLine(step, width)),
    ...message,
  ];
}

function stepLine({ name, status, percent, durationMs, message }: Step, width: number): Piece[] {
  const [mark, style] = MARKS[status];
  const rest = [percentText(percent ?? null), durationText(durationMs ?? null)].filter(
    (each) => each !== null,
  );
  const text: Piece[] = message === undefined || status !== 'running' ? [] : ['  ', [message, 'dim']];
  return [
    '  ',
    [mark, style],
    ' ',
    padded(name, rest.length + text.length > 0 ? width : 0),
    ...rest.map((each) => `  ${each}`),
    ...text,
  ];
}

function percentText(percent: number | null): string | null {
  return percent === null ? null : `${Math.round(percent)} %`;
}

function durationText(ms: number | null): string | null {
  if (ms === null) return null;
  return ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
