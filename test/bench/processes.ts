import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DISTURBED, machineCpuMs } from '../support/machine.ts';

/** The core of the server under test, and the core of everything else. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const READY_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 3_000;

/** Whether each process can be kept on its core. Without this, the processes disturb each other and figures say little. */
export const PINNED = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

const children = new Set<ChildProcess>();
const directories = new Set<string>();

/** Starts a process of the benchmark on one core. It ends with the benchmark, or by {@link end}. */
export function start(
  core: number,
  command: readonly string[],
  options: { env?: Readonly<Record<string, string>>; speaks?: 'ipc' | 'lines' } = {},
): ChildProcess {
  const [file = '', ...args] = PINNED ? ['taskset', '-c', String(core), ...command] : command;
  const inOut = options.speaks === 'lines' ? 'pipe' : 'ignore';
  const stdio: StdioOptions = [inOut, inOut, 'inherit'];
  if (options.speaks === 'ipc') stdio.push('ipc');
  const child = spawn(file, args, { stdio, env: { ...process.env, ...options.env } });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Ends one process, by force if it does not end in time. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}

/** Ends at once every process that was started and still runs. */
export function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

/** Makes a directory that is removed when the benchmark ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'belfry-bench-'));
  directories.add(directory);
  return directory;
}

/** Waits until a server answers with success, and with a text that says that it is ready, at this URL. */
export function answers(
  what: string,
  child: ChildProcess,
  url: string,
  isReady: (text: string) => boolean = () => true,
): Promise<void> {
  return until(what, child, async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      return isReady(await response.text()) && response.ok;
    } catch {
      return false;
    }
  });
}

/** Waits until this holds, or the process has ended, or is not ready in time. */
export async function until(what: string, child: ChildProcess, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await holds())) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
      throw new Error(`${what} did not start.`);
    await sleep(50);
  }
}

/** Finds different ports that nobody uses. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}

/** The CPU time of a process and its children so far, with all threads, in milliseconds, as the kernel counts it. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, each) => sum + ownCpuMs(each), 0);
}

/** The process, and the processes that it started and that still run. */
function familyOf(pid: number): number[] {
  const started = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
  return [pid, ...started.map(Number)];
}

function ownCpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** The resident memory of a process and its children, in bytes. */
export function residentBytes(pid: number): number {
  return familyOf(pid).reduce((sum, each) => sum + ownResidentBytes(each), 0);
}

function ownResidentBytes(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1_024;
}

const LOOK_MS = 150;

/** Waits for a limited time until no other process uses the machine. The benchmark itself must be idle meanwhile. */
export async function calm(withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  let busyMs = Number.POSITIVE_INFINITY;
  while (busyMs > LOOK_MS * availableParallelism() * 2 * DISTURBED && Date.now() < deadline) {
    const before = machineCpuMs();
    await sleep(LOOK_MS);
    busyMs = machineCpuMs() - before;
  }
}
