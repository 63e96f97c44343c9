import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { machineCpuMs, ownCpuMs } from './machine.ts';

it.skipIf(!existsSync('/proc/stat'))(
  'the time of a process that was started here is no time of others',
  () => {
    const [own, all] = [ownCpuMs(), machineCpuMs()];
    const busy = 'const until = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < until);';
    spawnSync(process.execPath, ['-e', busy]);
    expect(ownCpuMs() - own).toBeGreaterThanOrEqual(300);
    expect(machineCpuMs() - all).toBeGreaterThanOrEqual(ownCpuMs() - own - 50);
  },
);
