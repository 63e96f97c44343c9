import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountsIn } from './mounts.ts';
import { ProcFile } from './proc-file.ts';
import type { CpuTimes, HostReader, HostReading, LoadAverage } from './sample.ts';

export interface ProcReaderOptions {
  /** Where the files of the kernel are: `/proc` and `/sys`, or those of the host in a container. */
  readonly proc: string;
  readonly sys: string;
}

const KIB = 1_024;
/** Sensors that measure the processor, by the names of their drivers, the better ones first. */
const CPU_SENSORS = ['coretemp', 'k10temp', 'zenpower', 'cpu_thermal', 'soc_thermal'];
const CPU_ZONES = /^(?:x86_pkg_temp|cpu|soc|acpitz)/;

/** Reads a host of Linux. */
export class ProcReader implements HostReader {
  readonly #proc: string;
  readonly #stat: ProcFile;
  readonly #memory: ProcFile;
  readonly #load: ProcFile;
  readonly #uptime: ProcFile;
  readonly #temperature: ProcFile | undefined;

  /** @throws Error where there is no such folder */
  constructor({ proc, sys }: ProcReaderOptions) {
    this.#proc = proc;
    this.#stat = new ProcFile(join(proc, 'stat'));
    this.#memory = new ProcFile(join(proc, 'meminfo'));
    this.#load = new ProcFile(join(proc, 'loadavg'));
    this.#uptime = new ProcFile(join(proc, 'uptime'));
    const sensor = temperatureFile(sys);
    this.#temperature = sensor === undefined ? undefined : new ProcFile(sensor);
  }

  read(): HostReading {
    const stat = this.#stat.read();
    const cpuTemperature = this.#degrees();
    return {
      cpu: cpuTimes(stat),
      cores: stat.match(/^cpu\d+ /gm)?.length ?? 1,
      memory: memoryOf(this.#memory.read()),
      loadAverage: loadAverage(this.#load.read()),
      uptime: Number(this.#uptime.read().split(' ')[0]),
      ...(cpuTemperature !== undefined && { cpuTemperature }),
    };
  }

  mountPoints(): readonly string[] {
    // In a container, /proc of the host has the mounts of the host where its first process has them.
    const [own, host] = [join(this.#proc, 'self', 'mountinfo'), join(this.#proc, '1', 'mountinfo')];
    const real = realTypes(readFileSync(join(this.#proc, 'filesystems'), 'utf8'));
    return mountsIn(readable(host) ?? readFileSync(own, 'utf8'), real);
  }

  close(): void {
    for (const file of [this.#stat, this.#memory, this.#load, this.#uptime, this.#temperature]) file?.close();
  }

  /** A sensor may be asleep, and then cannot be read. */
  #degrees(): number | undefined {
    try {
      const thousandths = Number(this.#temperature?.read() ?? NaN);
      return Number.isFinite(thousandths) ? Math.round(thousandths / 100) / 10 : undefined;
    } catch {
      return undefined;
    }
  }
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The time of guests is a part of the time of users, and does not count twice. */
function cpuTimes(stat: string): CpuTimes {
  const [, ...times] = (/^cpu .*$/m.exec(stat)?.[0] ?? '').split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0, stolen = 0] = times;
  return {
    total: user + nice + system + idle + waiting + interrupts + soft + stolen,
    idle: idle + waiting,
  };
}

function memoryOf(text: string): HostReading['memory'] {
  const bytes = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found) * KIB;
  };
  // A kernel before 3.14 does not say what is available.
  const guess = (bytes('MemFree') ?? 0) + (bytes('Buffers') ?? 0) + (bytes('Cached') ?? 0);
  return { total: bytes('MemTotal') ?? 0, available: bytes('MemAvailable') ?? guess };
}

function loadAverage(text: string): LoadAverage {
  const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = text.split(' ').map(Number);
  return { oneMinute, fiveMinutes, fifteenMinutes };
}

/** The types of file systems that stand on a device. */
function realTypes(filesystems: string): ReadonlySet<string> {
  return new Set(Array.from(filesystems.matchAll(/^\t(\S+)$/gm), ([, type = '']) => type));
}

/** The file with the temperature of the processor, in thousandths of a degree. */
function temperatureFile(sys: string): string | undefined {
  const monitors = join(sys, 'class', 'hwmon');
  const byName = new Map(foldersIn(monitors).map((each) => [nameIn(join(monitors, each, 'name')), each]));
  const sensor = CPU_SENSORS.map((name) => byName.get(name)).find((each) => each !== undefined);
  if (sensor !== undefined) return existing(join(monitors, sensor, 'temp1_input'));
  const zones = join(sys, 'class', 'thermal');
  const zone = foldersIn(zones).find((each) => CPU_ZONES.test(nameIn(join(zones, each, 'type'))));
  return zone === undefined ? undefined : existing(join(zones, zone, 'temp'));
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path).toSorted();
  } catch {
    return [];
  }
}

function nameIn(path: string): string {
  return readable(path)?.trim() ?? '';
}
