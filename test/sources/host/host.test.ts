import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { ProcReader } from '../../../src/sources/host/proc-reader.ts';
import { OsReader } from '../../../src/sources/host/os-reader.ts';
import { sampleOf, type HostSample } from '../../../src/sources/host/sample.ts';
import { MetricsPage } from '../../support/metrics.ts';
import { startNode } from '../../support/node.ts';
import { CommandProcess } from '../../support/process.ts';

const HAS_PROC = process.platform === 'linux';

function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'belfry-host-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const PROC = {
  'proc/stat':
    'cpu  100 20 30 1000 50 5 5 10 40 0\ncpu0 50 10 15 500 25 2 3 5 20 0\ncpu1 50 10 15 500 25 3 2 5 20 0\nintr 1\n',
  'proc/meminfo':
    'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nBuffers: 1 kB\n',
  'proc/loadavg': '0.50 1.25 2.00 1/100 4242\n',
  'proc/uptime': '3600.25 7000.00\n',
  'proc/filesystems': 'nodev\tproc\n\text4\n',
  'proc/1/mountinfo': '27 1 254:0 / / rw - ext4 /dev/vda rw\n',
  'sys/class/thermal/thermal_zone0/type': 'acpitz\n',
  'sys/class/thermal/thermal_zone0/temp': '30000\n',
  'sys/class/hwmon/hwmon1/name': 'coretemp\n',
  'sys/class/hwmon/hwmon1/temp1_input': '45678\n',
};

describe('a reading of a host', () => {
  it('has what top, free and uptime show, and the temperature of the processor rather than of the board', () => {
    const root = folder(PROC);
    const reader = new ProcReader({ proc: join(root, 'proc'), sys: join(root, 'sys') });
    onTestFinished(() => reader.close());
    expect(reader.read()).toEqual({
      cpu: { total: 1220, idle: 1050 },
      cores: 2,
      memory: { total: 1_024_000, available: 409_600 },
      loadAverage: { oneMinute: 0.5, fiveMinutes: 1.25, fifteenMinutes: 2 },
      uptime: 3600.25,
      cpuTemperature: 45.7,
    });
    expect(reader.mountPoints()).toEqual(['/']);
  });

  it('is new each time, although the files stay open', () => {
    const root = folder(PROC);
    const reader = new ProcReader({ proc: join(root, 'proc'), sys: join(root, 'nothing') });
    onTestFinished(() => reader.close());
    const before = reader.read();
    expect(before.cpuTemperature).toBeUndefined();
    writeFileSync(join(root, 'proc/stat'), 'cpu  160 20 50 1080 90 5 5 10 40 0\n');
    const sample = sampleOf(before, reader.read(), [], 1_768_473_000_900);
    // 80 of 200 ticks were spent on work.
    expect(sample).toMatchObject({ cpuUsage: 40, timestamp: 1_768_473_000, uptime: 3600 });
    expect(sample.memory).toEqual({ total: 1_024_000, available: 409_600, used: 614_400, percent: 60 });
  });

  it('is taken by what Node knows where there is no /proc', () => {
    const reader = new OsReader();
    const { cores, memory, uptime } = reader.read();
    expect(cores).toBeGreaterThan(0);
    expect(memory.total).toBeGreaterThan(memory.available);
    expect(uptime).toBeGreaterThan(0);
  });
});

describe.runIf(HAS_PROC)('belfry source host', () => {
  it("is read only while somebody looks, and Mist's dashboard then shows what df and free show", async () => {
    const node = await startNode({ BELFRY_INTEREST_HOLD_MS: '100' });
    const token = await node.token();
    const source = new CommandProcess(
      ['source', 'host', '--key', 'box', '--every', '100ms', '--listen', '127.0.0.1:0'],
      { BELFRY_URL: node.url, BELFRY_TOKEN: token },
    );
    const said = await source.line(/at port \d+/, source.errorLines);
    const url = `http://127.0.0.1:${/port (\d+)/.exec(said)?.[1]}`;
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
    const metric = async (series: string): Promise<number | undefined> =>
      (await MetricsPage.of(url)).get(series);
    expect(await metric('belfry_source_events_total{outcome="published"}')).toBe(0);

    const dashboard = new WebSocket(`${node.url.replace('http', 'ws')}/api/ws/stats?host=box`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    onTestFinished(() => dashboard.terminate());
    const sample = await new Promise<HostSample>((resolve) => {
      dashboard.on('message', (data: Buffer) => resolve(JSON.parse(data.toString()) as HostSample));
    });
    const [, , totalKb = '', usedKb = ''] =
      /\n\S+ +((\d+) +(\d+)).* \/\n/.exec(execFileSync('df', ['-k', '/'], { encoding: 'utf8' })) ?? [];
    const [, memoryTotal = '', memoryUsed = ''] =
      /Mem: +(\d+) +(\d+)/.exec(execFileSync('free', ['-b'], { encoding: 'utf8' })) ?? [];
    const root = sample.disk.find(({ name }) => name === '/');
    expect(root?.totalSpace).toBe(Number(totalKb) * 1_024);
    expect((root?.usedSpace ?? 0) / (Number(usedKb) * 1_024)).toBeCloseTo(1, 1);
    expect(sample.memory.total).toBe(Number(memoryTotal));
    // Other tests run at the same time.
    expect(Math.abs(sample.memory.used - Number(memoryUsed))).toBeLessThan(0.05 * sample.memory.total);
    expect(sample.cpuUsage).toBeGreaterThanOrEqual(0);
    expect(sample.cpuUsage).toBeLessThanOrEqual(100);

    expect(await metric('belfry_source_wanted')).toBe(1);
    dashboard.close();
    await expect.poll(() => metric('belfry_source_wanted')).toBe(0);
    source.child.kill('SIGTERM');
    expect(await source.exited).toMatchObject({ code: 0 });
  });
});
