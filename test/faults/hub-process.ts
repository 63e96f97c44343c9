import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { START_OPTIONS } from '../support/start-options.ts';
import { request } from './http.ts';
import { until } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LOADED = ['shifted-clock.ts', 'tell-memory.ts'].map((file) => new URL(file, import.meta.url).href);
const KEPT_LINES = 200;

export const FAULTS_SECRET = 'a secret that only the faults know';

/** A node in a process of its own that always has the same port. A test can end it in every way there is. */
export class HubProcess {
  readonly port: number;
  readonly lines: string[] = [];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  /** The files that were open and the bytes that were in use when the node was ready for the first time and had no client yet. */
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
    const loaded = LOADED.flatMap((file) => ['--import', file]);
    const child = spawn(process.execPath, [...START_OPTIONS, ...loaded, MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        BELFRY_LISTEN: `127.0.0.1:${this.port}=drp`,
        BELFRY_JWT_SECRET: FAULTS_SECRET,
        BELFRY_LOG_LEVEL: 'info',
        BELFRY_DRAIN_TIMEOUT_MS: '2000',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
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
    this.#resting ??= { files: this.#openFiles(), bytes: await this.#bytesInUse() };
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

  /** How many more files are open than at rest. */
  extraFiles(): number {
    return this.#openFiles() - (this.#resting?.files ?? 0);
  }

  /** How many more bytes are in use than at rest, once the garbage is collected. */
  async extraBytes(): Promise<number> {
    return (await this.#bytesInUse()) - (this.#resting?.bytes ?? 0);
  }

  /** Zero where the system does not show it. */
  #openFiles(): number {
    const open = `/proc/${this.#child?.pid}/fd`;
    return existsSync(open) ? readdirSync(open).length : 0;
  }

  /** Rejects if the process does not run, or ends before it answers. */
  async #bytesInUse(): Promise<number> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) throw new Error(`${this.url} does not run`);
    const answered = new AbortController();
    const { signal } = answered;
    const answer = once(child, 'message', { signal });
    const end = once(child, 'exit', { signal }).then(() => {
      throw new Error(`${this.url} ended before it said how much memory it has in use`);
    });
    // If it cannot be sent, the process is about to end.
    child.send('How much memory is in use?', () => {});
    try {
      const [bytes] = (await Promise.race([answer, end])) as [number];
      return bytes;
    } finally {
      answered.abort();
    }
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
