import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from './http.ts';
import { until } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const CLOCK = new URL('shifted-clock.ts', import.meta.url).href;
const KEPT_LINES = 200;

export const FAULTS_SECRET = 'a secret that only the faults know';

/** A node in a process of its own that always has the same port. A test can end it in every way there is. */
export class HubProcess {
  readonly port: number;
  readonly lines: string[] = [];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  /** The files and memory that the node held when it was ready for the first time and had no client yet. */
  #resting: { readonly files: number; readonly bytes: number } | undefined;

  constructor(port: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#env = env;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process. {@link kill} or {@link terminate} end it. */
  launch(): void {
    const child = spawn(process.execPath, ['--import', CLOCK, MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        BELFRY_LISTEN: `127.0.0.1:${this.port}=drp`,
        BELFRY_JWT_SECRET: FAULTS_SECRET,
        BELFRY_LOG_LEVEL: 'info',
        BELFRY_DRAIN_TIMEOUT_MS: '2000',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.trimEnd().split('\n'));
        this.lines.splice(0, this.lines.length - KEPT_LINES);
      });
    }
  }

  /** Launches the node and waits until events flow. */
  async start(): Promise<void> {
    this.launch();
    await until(`${this.url} is ready`, async () => {
      if (!this.isRunning) throw new Error(`the node ended by itself:\n${this.lines.join('\n')}`);
      return (await this.readyStatus()) === 200;
    });
    this.#resting ??= this.#held();
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL');
  }

  /** Ends the node by SIGTERM, and resolves with its exit code. */
  terminate(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  jumpClock(): void {
    this.#child?.kill('SIGUSR2');
  }

  /** The status of `/readyz`, or 0 when the node does not answer. */
  async readyStatus(): Promise<number> {
    try {
      return (await request(`${this.url}/readyz`)).status;
    } catch {
      return 0;
    }
  }

  /** The sum of a metric over its labels. `labels`, as Prometheus writes them, narrow the sum. */
  async metric(name: string, labels = ''): Promise<number> {
    const { body } = await request(`${this.url}/metrics`);
    const lines = body.split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
    return lines
      .filter((line) => '{ '.includes(line.charAt(name.length)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** The files and memory that the node holds beyond those at rest. Both are zero where the system does not show them. */
  extra(): { readonly files: number; readonly bytes: number } {
    const { files, bytes } = this.#held();
    return { files: files - (this.#resting?.files ?? 0), bytes: bytes - (this.#resting?.bytes ?? 0) };
  }

  #held(): { readonly files: number; readonly bytes: number } {
    const about = `/proc/${this.#child?.pid}`;
    if (!existsSync(about)) return { files: 0, bytes: 0 };
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`${about}/status`, 'utf8')) ?? [];
    return { files: readdirSync(`${about}/fd`).length, bytes: Number(kilobytes) * 1024 };
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null;
    const exit = once(child, 'exit');
    child.kill(signal);
    // A suspended process acts on no other signal before it gets SIGCONT.
    if (signal === 'SIGKILL') child.kill('SIGCONT');
    const [code] = (await exit) as [number | null];
    return code;
  }
}
