import type { Gap, Hub, HubEvent } from '@belfry/client';
import { nextFrame } from '../../../sdk/react/frame.ts';
import { logPattern } from './run-patterns.ts';
import type { KnownRun } from './runs-store.ts';

/** A line of the log of a run: what its system wrote, or a change of the run. */
export interface LogLine {
  readonly id: string;
  readonly at: string;
  readonly text: string;
  readonly kind: 'line' | 'change' | 'error' | 'gap';
}

/** So many lines are kept. The oldest are left out first. */
export const MAX_LINES = 20_000;

/** Lines of a run, from its beginning to its end, and on. */
export class RunLog {
  readonly #hub: Pick<Hub, 'listen'>;
  readonly #run: KnownRun;
  readonly #listeners = new Set<() => void>();
  #lines: LogLine[] = [];
  #leftOut = 0;
  /** The position of the latest line. */
  #since: string | undefined;
  #snapshot: { readonly lines: readonly LogLine[]; readonly leftOut: number; readonly error?: Error } = {
    lines: [],
    leftOut: 0,
  };

  constructor(hub: Pick<Hub, 'listen'>, run: KnownRun) {
    this.#hub = hub;
    this.#run = run;
  }

  get snapshot(): { readonly lines: readonly LogLine[]; readonly leftOut: number; readonly error?: Error } {
    return this.#snapshot;
  }

  onChange(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  /** Reads until it is aborted, or the run is over. Called again, it goes on where it was. */
  async follow(signal: AbortSignal): Promise<void> {
    const { beganAt, endedAt } = this.#run;
    // The events of a run come in the order of the log, which may be a moment later than the times that they name.
    const since = this.#since ?? new Date(Date.parse(beganAt) - 1);
    const ends = endedAt === undefined ? Infinity : Date.parse(endedAt);
    try {
      for await (const item of this.#hub.listen(logPattern(this.#run), {
        since,
        signal,
      })) {
        if (item.gap === undefined) this.#since = item.id ?? this.#since;
        if (item.gap !== undefined) this.#add(gapLine(item.gap));
        else if (Date.parse(item.time) > ends + 5_000) return;
        else this.#add(lineOf(item));
      }
    } catch (cause) {
      if (!signal.aborted) this.#draw(cause as Error);
    }
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES * 1.1) {
      this.#leftOut += this.#lines.length - MAX_LINES;
      this.#lines = this.#lines.slice(-MAX_LINES);
    }
    nextFrame(this.#redraw);
  }

  readonly #redraw = (): void => this.#draw();

  #draw(error?: Error): void {
    this.#snapshot = { lines: [...this.#lines], leftOut: this.#leftOut, ...(error && { error }) };
    for (const tell of this.#listeners) tell();
  }
}

function gapLine({ reason, to }: Gap): LogLine {
  return { id: `gap ${to}`, at: '', text: `Lines may be missing here: ${reason}.`, kind: 'gap' };
}

/** An event as a line. Each system has its own field for what a person should read. */
export function lineOf({ id = '', time, action, object, text }: HubEvent): LogLine {
  const fields = (typeof object === 'object' && object !== null ? object : {}) as Readonly<
    Record<string, unknown>
  >;
  const said = firstText(fields['line'], fields['error_message'], fields['error'], fields['message']);
  const step = firstText(fields['step'], fields['stage'], fields['current_step']);
  const status = typeof fields['status'] === 'string' ? fields['status'] : action;
  if (action === 'log' || action === 'progress')
    return { id, at: time, text: plain(said ?? text), kind: 'line' };
  const kind = /fail|error/i.test(status) || action === 'error' ? 'error' : 'change';
  return {
    id,
    at: time,
    text: plain([step, status, said].filter((each) => each !== undefined).join(' · ')),
    kind,
  };
}

function firstText(...values: readonly unknown[]): string | undefined {
  return values.find((each): each is string => typeof each === 'string' && each !== '');
}

/** The text without what a terminal reads as colours. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences begin with such a character
  return text.replaceAll(/\u001B\[[0-9;?]*[ -/]*[@-~]/g, '');
}
