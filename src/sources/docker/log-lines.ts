import { EngineError, type Engine } from './engine.ts';
import { inspectedContainer } from './engine-answers.ts';
import { before, fixedTimeOfDate, MARGIN_S, sinceParameter } from './engine-time.ts';
import { FramedLogReader, TerminalLogReader, type LogLine, type LogReader } from './log-reader.ts';
import { bound } from '../../model/bound.ts';

const TAIL_ENTRIES = bound(
  'entries of the log of a container from before somebody listened: lines, or parts of 16 KB',
  100,
  'entries',
  'older ones are not published',
);
/** The engine finds so many last entries without reading the whole log, which may have gigabytes. */
const REACH_ENTRIES = 1_000;
/** In these states a container has processes. */
const ALIVE: ReadonlySet<string> = new Set(['running', 'paused']);

/** A line and its position: the newest time among it and all before, which never goes back. */
export interface PlacedLine extends LogLine {
  readonly position: string;
}

/** What the engine says of a container whose log is to be read. */
export interface LogOrigin {
  readonly id: string;
  readonly hasTerminal: boolean;
  readonly isAlive: boolean;
  /** When the container was created, and so the earliest time of its log. */
  readonly createdAt: Date;
}

/** @throws EngineError, Error of the network */
export async function logOrigin(engine: Engine, id: string, signal: AbortSignal): Promise<LogOrigin> {
  const { Created, State, Config } = await engine.read(`/containers/${id}/json`, inspectedContainer, signal);
  const isAlive = ALIVE.has(State.Status);
  return { id, hasTerminal: Config.Tty, isAlive, createdAt: new Date(Created) };
}

/** The position at which the last lines begin. It is empty where the log has no more lines than that. @throws EngineError */
export async function tailStart(engine: Engine, origin: LogOrigin, signal: AbortSignal): Promise<string> {
  const reader = newReader(origin);
  const lines: LogLine[] = [];
  const path = pathOf(origin, `tail=${TAIL_ENTRIES + 1}`);
  for await (const chunk of await engine.stream(path, signal)) lines.push(...reader.push(chunk));
  lines.push(...reader.end());
  // The first one may be the end of a longer line.
  return reader.entries > TAIL_ENTRIES ? ((lines[1] ?? lines[0])?.at ?? '') : '';
}

/**
 * The lines from this position on, as they come. It ends when the engine ends it: at once for a container that has stopped, and
 * when the container or the engine stops. @throws EngineError, Error of the network or of the format
 */
export async function* logLines(
  engine: Engine,
  origin: LogOrigin,
  start: string,
  signal: AbortSignal,
): AsyncGenerator<readonly PlacedLine[]> {
  const follow = `follow=${origin.isAlive}`;
  if (start !== '' && (yield* linesFrom(`${follow}&tail=${REACH_ENTRIES}`, true))) return;
  yield* linesFrom(start === '' ? follow : `${follow}&since=${sinceParameter(start, MARGIN_S)}`, false);

  /** Returns whether that reached back to the position. */
  async function* linesFrom(
    query: string,
    mustReach: boolean,
  ): AsyncGenerator<readonly PlacedLine[], boolean> {
    const reading = new AbortController();
    const stream = await engine.stream(pathOf(origin, query), AbortSignal.any([signal, reading.signal]));
    const reader = newReader(origin);
    let position = '';
    const placed = (lines: readonly LogLine[]): PlacedLine[] =>
      lines
        .map((line) => ({ ...line, position: (position = line.at > position ? line.at : position) }))
        .filter((line) => line.position >= start);
    for await (const chunk of stream) {
      const lines = reader.push(chunk);
      const [first] = lines;
      if (mustReach && position === '' && first !== undefined && first.at > before(start, MARGIN_S)) {
        reading.abort();
        return false;
      }
      if (lines.length > 0) yield placed(lines);
    }
    // A process that ended amid a line has written its last. One that lives may go on in this line.
    if (!origin.isAlive || (await isGone())) yield placed(reader.end());
    return true;
  }

  async function isGone(): Promise<boolean> {
    try {
      await logOrigin(engine, origin.id, signal);
      return false;
    } catch (error) {
      return error instanceof EngineError && error.status === 404;
    }
  }
}

function newReader({ hasTerminal }: LogOrigin): LogReader {
  return hasTerminal ? new TerminalLogReader(() => fixedTimeOfDate(new Date())) : new FramedLogReader();
}

function pathOf({ id }: LogOrigin, query: string): string {
  return `/containers/${id}/logs?stdout=true&stderr=true&timestamps=true&${query}`;
}
