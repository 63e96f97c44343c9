import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { TEST_SECRET } from './node.ts';

/** The file of the command `belfry`. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The command `belfry` (or another program for Node) in a process of its own, which ends with the test at the latest. */
export class CommandProcess {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly errorLines: string[] = [];
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly #waiting = new Set<() => void>();
  /** The command keeps its contexts here, and not in the home of whoever runs the tests. */
  readonly #folder = join(tmpdir(), `belfry-${randomUUID()}`);

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    main: readonly string[] = [MAIN],
    node = process.execPath,
    /** Whether what the program has started, and left behind, ends with it. */
    isGroup = false,
  ) {
    this.child = spawn(node, [...main, ...args], {
      detached: isGroup,
      env: { PATH: process.env['PATH'] ?? '', BELFRY_CONTEXTS: join(this.#folder, 'contexts.json'), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#collect(this.child.stdout, this.lines);
    this.#collect(this.child.stderr, this.errorLines);
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      for (const check of this.#waiting) check();
      return { code: code as number | null, signal: signal as string | null };
    });
    onTestFinished(async () => {
      if (isGroup) this.signalGroup('SIGKILL');
      else this.child.kill('SIGKILL');
      await this.exited;
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  /** Sends a signal to the program and to all that it has started, as Ctrl-C in a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.child.pid ?? Number.NaN), signal);
    } catch {
      // All of them have ended.
    }
  }

  /** The first line of output that matches. It rejects with all output when the process ends without such a line. */
  line(pattern: RegExp, lines = this.lines): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = lines.find((line) => pattern.test(line));
        const { exitCode, signalCode } = this.child;
        if (found === undefined && exitCode === null && signalCode === null) return;
        this.#waiting.delete(check);
        if (found !== undefined) resolve(found);
        else
          reject(
            new Error(`ended without ${String(pattern)}:\n${[...this.lines, ...this.errorLines].join('\n')}`),
          );
      };
      this.#waiting.add(check);
      check();
    });
  }

  #collect(stream: NodeJS.ReadableStream | null, lines: string[]): void {
    if (stream === null) return;
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      for (const check of this.#waiting) check();
    });
  }
}

export interface NodeProcess extends CommandProcess {
  readonly url: string;
}

/** Starts `belfry serve` in a process of its own, and resolves once it listens. */
export async function startNodeProcess(env: Readonly<Record<string, string>> = {}): Promise<NodeProcess> {
  const command = new CommandProcess(['serve'], {
    BELFRY_LISTEN: '127.0.0.1:0=drp',
    BELFRY_JWT_SECRET: TEST_SECRET,
    ...env,
  });
  const started = JSON.parse(await command.line(/"msg":"started"/)) as { listening: Record<string, string> };
  const [url = ''] = Object.keys(started.listening);
  return Object.assign(command, { url });
}

export interface WorkersProcess extends NodeProcess {
  /** The process of a worker, by its number, as the log said last. */
  pidOf(worker: number): number;
}

/** Starts `belfry serve --workers <count>`, and resolves once all workers have started. */
export async function startWorkers(
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<WorkersProcess> {
  const command = new CommandProcess(['serve', '--workers', String(count)], {
    BELFRY_LISTEN: '127.0.0.1:0=drp',
    BELFRY_JWT_SECRET: TEST_SECRET,
    BELFRY_NODE: 'hub',
    ...env,
  });
  const { listening } = JSON.parse(await command.line(/"msg":"started"/)) as {
    listening: Record<string, string>;
  };
  const [url = ''] = Object.keys(listening);
  const all = await command.line(/"msg":"all workers have started"/);
  const { workers } = JSON.parse(all) as { workers: Record<string, number> };
  const pidOf = (worker: number): number => {
    const lines = command.lines.filter((line) => line.includes(`"node":"hub-${worker}"`));
    const started = lines.findLast((line) => line.includes('"msg":"started"'));
    const pid = started === undefined ? workers[worker] : (JSON.parse(started) as { pid: number }).pid;
    if (pid === undefined) throw new Error(`There is no worker ${worker}.`);
    return pid;
  };
  return Object.assign(command, { url, pidOf });
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<{ code: number | null; lines: string[]; errorLines: string[] }> {
  const command = new CommandProcess(args, env);
  command.child.stdin?.end(input);
  const { code } = await command.exited;
  return { code, lines: command.lines, errorLines: command.errorLines };
}
