import type { StatsSample } from './engine-answers.ts';

const MIB = 1_024 * 1_024;

/** What a container uses, with the names of Mist. All sizes are mebibytes, as Docker's own command calls them MiB. */
export interface ContainerStats {
  /** Of one CPU: a container that uses two whole CPUs has 200. */
  readonly cpu_percent: number;
  readonly memory_used_mb: number;
  readonly memory_limit_mb: number;
  readonly memory_percent: number;
  readonly network_rx_mb: number;
  readonly network_tx_mb: number;
  readonly block_read_mb: number;
  readonly block_write_mb: number;
  readonly pids: number;
}

/** The figures that the command `docker stats` shows of a sample. The first sample of a stream has no CPU usage to compare with. */
export function containerStats(sample: StatsSample): ContainerStats {
  const { memory_stats: memory, pids_stats: pids, networks, blkio_stats: blocks } = sample;
  const used = memory.usage - cacheOf(memory.stats, memory.usage);
  const nets = Object.values(networks);
  const io = blocks.io_service_bytes_recursive ?? [];
  const bytesOf = (op: string): number =>
    sum(io.filter((entry) => entry.op.toLowerCase() === op).map(({ value }) => value));
  return {
    cpu_percent: rounded(cpuPercent(sample)),
    memory_used_mb: rounded(used / MIB),
    memory_limit_mb: rounded(memory.limit / MIB),
    memory_percent: memory.limit > 0 ? rounded((used / memory.limit) * 100) : 0,
    network_rx_mb: rounded(sum(nets.map(({ rx_bytes }) => rx_bytes)) / MIB),
    network_tx_mb: rounded(sum(nets.map(({ tx_bytes }) => tx_bytes)) / MIB),
    block_read_mb: rounded(bytesOf('read') / MIB),
    block_write_mb: rounded(bytesOf('write') / MIB),
    pids: pids.current,
  };
}

/** The containers of one app together. */
export function together(all: readonly ContainerStats[]): ContainerStats {
  const total = (field: keyof ContainerStats): number => rounded(sum(all.map((stats) => stats[field])));
  return {
    cpu_percent: total('cpu_percent'),
    memory_used_mb: total('memory_used_mb'),
    // Containers without a limit of their own have the memory of the host as theirs, which is not more for two of them.
    memory_limit_mb: Math.max(...all.map(({ memory_limit_mb }) => memory_limit_mb)),
    memory_percent: total('memory_percent'),
    network_rx_mb: total('network_rx_mb'),
    network_tx_mb: total('network_tx_mb'),
    block_read_mb: total('block_read_mb'),
    block_write_mb: total('block_write_mb'),
    pids: total('pids'),
  };
}

/** Of the time that the CPUs of the host had since the sample before, how much the container had, times their number. */
function cpuPercent({ cpu_stats: now, precpu_stats: then }: StatsSample): number {
  const used = now.cpu_usage.total_usage - then.cpu_usage.total_usage;
  const had = now.system_cpu_usage - then.system_cpu_usage;
  const cpus = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return used > 0 && had > 0 ? (used / had) * cpus * 100 : 0;
}

/** What the kernel can take back at any time is no use: by cgroup 1 and by cgroup 2. */
function cacheOf(stats: Readonly<Record<string, number>>, usage: number): number {
  for (const name of ['total_inactive_file', 'inactive_file']) {
    const { [name]: cache } = stats;
    if (cache !== undefined && cache < usage) return cache;
  }
  return 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
