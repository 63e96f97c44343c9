import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import type { Config } from './config/config.ts';
import { bound } from './model/bound.ts';
import { systemClock, within } from './model/clock.ts';

const OPTIONS = { redact: ['*.authorization', '*.token', '*.password'] };

const END_MS = bound(
  'time to write the last lines of the log',
  1_000,
  'ms',
  'the node ends, and writes the rest at once, in any order',
);

/** Fields that every line has. A reader at a terminal does not need them again. */
const COMMON: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'err']);
/** Where only one process writes, all lines are of the same node. */
const ALONE: ReadonlySet<string> = new Set([...COMMON, 'node']);

interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
}

/**
 * The log of a node on standard output: JSON lines, or lines for a person if standard output is a terminal. The log is
 * never given anything that was sent as a secret.
 */
export function logger({ logLevel, node, workers }: Pick<Config, 'logLevel' | 'node' | 'workers'>): Logger {
  const options = { ...OPTIONS, level: logLevel, base: { node } };
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: false }));
  const hidden = workers > 1 ? COMMON : ALONE;
  return pino(options, { write: (line) => void process.stdout.write(readable(line, hidden)) });
}

/**
 * Ends the log, and resolves when all of its lines are written or when nobody reads them. A process that exits while a
 * line is being written writes this line after the lines that wait for it.
 */
export async function endLog(log: Logger): Promise<void> {
  const { [pino.symbols.streamSym]: stream } = log as unknown as Record<
    symbol,
    Partial<Writable> | undefined
  >;
  if (stream?.end === undefined) return;
  const finished = once(stream as Writable, 'finish');
  stream.end();
  await within(END_MS, finished, systemClock);
}

/** A line of the log as a person reads it: `10:30:00 warn  the connection to Redis is lost  reason=…`. */
export function readable(line: string, hidden = ALONE): string {
  const entry = JSON.parse(line) as Line;
  const { level, time, msg = '', err } = entry;
  const clock = new Date(time).toTimeString().slice(0, 8);
  const fields = Object.entries(entry)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const fault = err === undefined ? '' : `\n  ${err.stack ?? err.message ?? ''}`;
  const label = (pino.levels.labels[level] ?? '').padEnd(5);
  return `${[`${clock} ${label} ${msg}`, ...fields].join('  ')}${fault}\n`;
}
