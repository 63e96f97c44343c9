import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** Measurements count as disturbed when other processes used more than this share of the machine. */
export const DISTURBED = 0.05;

/** A tick of the clock in which the kernel counts the time of processes. */
const TICK_MS = 10;

export function machine(): string {
  const [redis = ''] = spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout.split(' sha');
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${memory} GiB; Node ${process.versions.node}; ${redis.trim()}`;
}

/** The CPU time of the whole machine so far, in milliseconds. It includes the time that other guests of the host took. */
export function machineCpuMs(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

/** The CPU time of this process and of all processes that it started and that have ended, in milliseconds. */
export function ownCpuMs(): number {
  const [, after = ''] = readFileSync('/proc/self/stat', 'utf8').split(') ');
  const times = after.split(' ').slice(11, 15).map(Number);
  return times.reduce((sum, each) => sum + each, 0) * TICK_MS;
}

/**
 * From now on it is counted which share of the machine others use. Processes that this one started count as its own once
 * they have ended.
 */
export function othersFromNow(): () => number {
  const now = (): number => machineCpuMs() - ownCpuMs();
  const [before, startedAt] = [now(), performance.now()];
  return () => {
    const share = (now() - before) / ((performance.now() - startedAt) * availableParallelism());
    return Number(Math.max(0, share).toFixed(3));
  };
}
