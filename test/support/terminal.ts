import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { MAIN } from './process.ts';

/** A command on a terminal of its own, which ends with the test at the latest. */
export interface InTerminal {
  /** What it has written so far: with control codes, as a person would see it. */
  readonly shown: () => string;
  /** Everything that it has written, once it has ended. Rejects when it ended with another code than 0. */
  readonly ended: Promise<string>;
}

/** Starts a command on a terminal of this many columns. */
export function startInTerminal(
  args: readonly string[],
  columns: number,
  env: Readonly<Record<string, string>> = {},
): InTerminal {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 40 && exec ${quoted.join(' ')} 2>/dev/null`;
  const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', BELFRY_CONTEXTS: '/nowhere', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void terminal.kill('SIGKILL'));
  let written = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
  const shown = (): string => written.replaceAll('\r\n', '\n');
  const ended = once(terminal, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`The command ended with ${String(code)}: ${written}`);
    return shown();
  });
  // A command that goes on is ended with its test, which does not wait for that.
  ended.catch(() => undefined);
  return { shown, ended };
}

/** What a command writes to a terminal of this many columns, from its start to its end. */
export function runInTerminal(...how: Parameters<typeof startInTerminal>): Promise<string> {
  return startInTerminal(...how).ended;
}
