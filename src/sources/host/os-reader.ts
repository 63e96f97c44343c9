import { availableParallelism, cpus, loadavg, totalmem, uptime } from 'node:os';
import type { CpuTimes, HostReader, HostReading } from './sample.ts';

/**
 * Reads a host that has no /proc, by what Node knows of it: everything but temperatures and file systems other than the first.
 * That is enough for a developer's machine, so no further package is needed.
 */
export class OsReader implements HostReader {
  read(): HostReading {
    const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = loadavg();
    return {
      cpu: cpuTimes(),
      cores: availableParallelism(),
      memory: { total: totalmem(), available: process.availableMemory() },
      loadAverage: { oneMinute, fiveMinutes, fifteenMinutes },
      uptime: uptime(),
    };
  }

  mountPoints(): readonly string[] {
    return ['/'];
  }

  close(): void {
    // Nothing is held open.
  }
}

function cpuTimes(): CpuTimes {
  let [total, idle] = [0, 0];
  for (const { times } of cpus()) {
    total += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  return { total, idle };
}
