/** One sample of a host, as it stands in `metrics.sample.<host>`: all that Mist's dashboard shows, in both shapes that Mist has. */
export interface HostSample {
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** How much of all cores was used since the sample before, in percent: everything but idle and waiting for disks. */
  readonly cpuUsage: number;
  readonly cpu: { readonly usage: number; readonly cores: number };
  /** Bytes. What is used is what programs could not get: the total without what is available. */
  readonly memory: {
    readonly total: number;
    readonly used: number;
    readonly available: number;
    readonly percent: number;
  };
  readonly disk: readonly DiskSpace[];
  readonly loadAverage: LoadAverage;
  /** Seconds. */
  readonly uptime: number;
  /** Degrees Celsius; absent where the host has no sensor. */
  readonly cpuTemperature?: number;
}

/** Bytes of one file system, as `df` shows them. */
export interface DiskSpace {
  /** Where it is mounted. */
  readonly name: string;
  readonly totalSpace: number;
  /** What a program without special rights can still write. */
  readonly availableSpace: number;
  readonly usedSpace: number;
}

export interface LoadAverage {
  readonly oneMinute: number;
  readonly fiveMinutes: number;
  readonly fifteenMinutes: number;
}

/** What a host says of itself at one time. */
export interface HostReading {
  /** Time that all cores spent since the start, in any unit. */
  readonly cpu: CpuTimes;
  readonly cores: number;
  readonly memory: { readonly total: number; readonly available: number };
  readonly loadAverage: LoadAverage;
  readonly uptime: number;
  readonly cpuTemperature?: number;
}

export interface CpuTimes {
  readonly total: number;
  /** Idle, or waiting for disks. */
  readonly idle: number;
}

/** Where the readings of a host come from. */
export interface HostReader {
  /** @throws Error where the host does not let itself be read */
  read(): HostReading;
  /** Every file system that holds files of its own, each once. */
  mountPoints(): readonly string[];
  close(): void;
}

/** `before` is the reading at the beginning of the time that the sample is about. */
export function sampleOf(
  before: Pick<HostReading, 'cpu'>,
  reading: HostReading,
  disk: readonly DiskSpace[],
  nowMs: number,
): HostSample {
  const { cpu, cores, memory, loadAverage, uptime, cpuTemperature } = reading;
  const total = cpu.total - before.cpu.total;
  const idle = cpu.idle - before.cpu.idle;
  const usage = total > 0 ? rounded((100 * Math.max(0, total - idle)) / total) : 0;
  const used = memory.total - memory.available;
  return {
    timestamp: Math.floor(nowMs / 1_000),
    cpuUsage: usage,
    cpu: { usage, cores },
    memory: { ...memory, used, percent: rounded((100 * used) / memory.total) },
    disk,
    loadAverage,
    uptime: Math.floor(uptime),
    ...(cpuTemperature !== undefined && { cpuTemperature }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
