import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAIN } from './process.ts';

/** What a command writes to a terminal of this many columns: with control codes, as a person would see it. */
export async function runInTerminal(
  args: readonly string[],
  columns: number,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 40 && exec ${quoted.join(' ')} 2>/dev/null`;
  const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', BELFRY_CONTEXTS: '/nowhere', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const [code] = (await once(terminal, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The command ended with ${code}: ${shown}`);
  return shown.replaceAll('\r\n', '\n');
}
