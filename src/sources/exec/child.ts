import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { bound } from '../../model/bound.ts';
import { LineJoiner, type Line } from '../lines.ts';

const END_MS = bound(
  'time for the command of a source to end',
  5_000,
  'ms',
  'it is killed, and all that it has started',
);

export type Stream = 'stdout' | 'stderr';

/** How a command has ended: with a code or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Aborted when the command is to end. */
  readonly signal: AbortSignal;
  readonly started: (pid: number) => void;
  /** Called with one line of a stream after the other. The command waits for room in its pipe while this is not resolved. */
  readonly line: (line: Line, stream: Stream) => Promise<void>;
}

/**
 * Runs a command to its end, in a process group of its own, so that what it has started ends with it.
 * @throws Error where it cannot be started
 */
export async function runChild({ words, env, signal, started, line }: ChildOptions): Promise<Ended> {
  const [file = '', ...args] = words;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  await once(child, 'spawn');
  const { pid = 0 } = child;
  started(pid);
  const timers: NodeJS.Timeout[] = [];
  const end = (): void => {
    killGroup(pid, 'SIGTERM');
    timers.push(setTimeout(() => killGroup(pid, 'SIGKILL'), END_MS));
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const read = Promise.all([
    readLines(child.stdout, (each) => line(each, 'stdout')),
    readLines(child.stderr, (each) => line(each, 'stderr')),
  ]);
  try {
    const [code, by] = await Promise.race([exited, read.then(() => exited)]);
    // What it has left behind may hold its output open.
    end();
    await read;
    return { code, signal: by };
  } finally {
    killGroup(pid, 'SIGKILL');
    timers.forEach(clearTimeout);
    signal.removeEventListener('abort', end);
  }
}

async function readLines(stream: AsyncIterable<Buffer>, take: (line: Line) => Promise<void>): Promise<void> {
  const joiner = new LineJoiner();
  for await (const chunk of stream) for (const line of joiner.push(chunk)) await take(line);
  const last = joiner.end();
  if (last !== undefined) await take(last);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of the group runs any more.
  }
}
