import { describe, expect, it } from 'vitest';
import { containerStats, together } from '../../../src/sources/docker/container-stats.ts';
import { statsSample, type StatsSample } from '../../../src/sources/docker/engine-answers.ts';
import { recorded } from '../../support/docker-engine.ts';

const [first, second] = recorded('stats.jsonl')
  .toString()
  .trim()
  .split('\n')
  .map((line) => statsSample.parse(JSON.parse(line)));
const sample = second as StatsSample;

describe('a sample of a container', () => {
  it('has the figures of the formulas of "docker stats"', () => {
    // 303,860,906 of 2,010,000,000 ns on 2 CPUs; 1,351,680 of 25,325,268,992 bytes.
    expect(containerStats(sample)).toEqual({
      cpu_percent: 30.23,
      memory_used_mb: 1.29,
      memory_limit_mb: 24_152.06,
      memory_percent: 0.01,
      network_rx_mb: 0,
      network_tx_mb: 0,
      block_read_mb: 0,
      block_write_mb: 0,
      pids: 2,
    });
  });

  it('has no CPU usage where there is no sample before it', () => {
    expect(containerStats(first as StatsSample).cpu_percent).toBeLessThan(1);
    expect(containerStats({ ...sample, precpu_stats: sample.cpu_stats }).cpu_percent).toBe(0);
  });

  it('does not count memory that the kernel can take back, by cgroup 1 and by cgroup 2', () => {
    const used = (stats: Record<string, number>): number =>
      containerStats({ ...sample, memory_stats: { usage: 8 << 20, limit: 16 << 20, stats } }).memory_used_mb;
    expect(used({ total_inactive_file: 3 << 20, inactive_file: 1 << 20 })).toBe(5);
    expect(used({ inactive_file: 3 << 20 })).toBe(5);
    expect(used({ inactive_file: 9 << 20 })).toBe(8);
  });

  it('adds up all networks and all disks, whatever the case of their operations', () => {
    const stats = containerStats({
      ...sample,
      networks: { eth0: { rx_bytes: 1 << 20, tx_bytes: 2 << 20 }, eth1: { rx_bytes: 1 << 20, tx_bytes: 0 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'Read', value: 1 << 20 },
          { op: 'read', value: 1 << 20 },
          { op: 'Write', value: 3 << 20 },
          { op: 'Total', value: 9 << 20 },
        ],
      },
    });
    expect(stats).toMatchObject({
      network_rx_mb: 2,
      network_tx_mb: 2,
      block_read_mb: 2,
      block_write_mb: 3,
    });
  });

  it('of a system that counts nothing is full of zeros', () => {
    const bare = statsSample.parse({
      read: '',
      cpu_stats: { cpu_usage: {} },
      precpu_stats: { cpu_usage: {} },
    });
    expect(Object.values(containerStats(bare))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('of several containers is their sum, of which each has the limit', () => {
    const one = containerStats(sample);
    expect(together([one, one])).toMatchObject({ memory_limit_mb: one.memory_limit_mb, pids: 4 });
  });
});
