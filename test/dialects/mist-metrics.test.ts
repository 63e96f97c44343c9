import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatSample, nestedSample } from '../../src/dialects/mist-metrics.ts';
import type { HubEvent } from '../../src/model/event.ts';
import type { Json } from '../../src/model/json.ts';
import { anEvent } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

/** A sample in the shape of Mist's document. */
const NESTED = {
  timestamp: '2025-01-15T10:29:59Z',
  cpu: { usage: 12.5, cores: 8 },
  memory: { used: 2_000, total: 8_000, percent: 25 },
  disk: { used: 300, total: 1_000, percent: 30 },
  docker: { containers_running: 3, containers_total: 4, images: 9 },
};
/** A sample in the shape of Mist's server. */
const FLAT = {
  cpuUsage: 12.5,
  memory: { total: 8_000, used: 2_000 },
  disk: [
    { name: '/dev/sda1', totalSpace: 600, availableSpace: 400, usedSpace: 200 },
    { name: '/dev/sdb1', totalSpace: 400, availableSpace: 300, usedSpace: 100 },
  ],
  loadAverage: { oneMinute: 0.5, fiveMinutes: 0.25, fifteenMinutes: 0.125 },
  timestamp: 1_736_936_999,
  uptime: 86_400,
  cpuTemperature: 41.5,
};
const ZEROS = { oneMinute: 0, fiveMinutes: 0, fifteenMinutes: 0 };
const NO_DOCKER = { containers_running: 0, containers_total: 0, images: 0 };

function sample(object: unknown, time = '2025-01-15T10:30:00.7Z'): HubEvent {
  return anEvent({ type: 'metrics', action: 'sample', key: 'system', time, object: object as Json });
}
const read = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
const flat = (object: unknown, time?: string): unknown => read(flatSample(sample(object, time)));
const nested = (object: unknown, time?: string): unknown => read(nestedSample(sample(object, time)));

describe('a sample of metrics', () => {
  it('is sent in the shape in which it was published, field by field', () => {
    expect(flat(FLAT)).toEqual(FLAT);
    expect(nested(NESTED)).toEqual(NESTED);
  });

  it("is sent in the document's shape when it has the server's, with 0 for missing fields", () => {
    expect(nested(FLAT)).toEqual({
      ...NESTED,
      cpu: { usage: 12.5, cores: 0 },
      docker: NO_DOCKER,
    });
  });

  it("is sent in the server's shape when it has the document's, with one disk and 0 for missing fields", () => {
    expect(flat(NESTED)).toEqual({
      ...FLAT,
      disk: [{ name: '/', totalSpace: 1_000, availableSpace: 700, usedSpace: 300 }],
      loadAverage: ZEROS,
      uptime: 0,
      cpuTemperature: 0,
    });
  });

  it('loses nothing in either shape when it has the fields of both', () => {
    const { disk: _one, timestamp: _text, ...more } = NESTED;
    const both = { ...more, ...FLAT, memory: NESTED.memory };
    expect(flat(both)).toEqual(FLAT);
    expect(nested(both)).toEqual(NESTED);
  });

  it('has its percentage computed when it names none, and keeps the one that it names', () => {
    const memory = { used: 1, total: 3 };
    expect(nested({ cpuUsage: 1, memory })).toMatchObject({ memory: { ...memory, percent: 33.33 } });
    const said = { ...memory, percent: 40 };
    expect(nested({ cpuUsage: 1, memory: said })).toMatchObject({ memory: said });
    expect(nested({ cpuUsage: 1, memory: { used: 0, total: 0 } })).toMatchObject({ memory: { percent: 0 } });
  });

  it('has the time of its event, in whole seconds, when its own is not usable', () => {
    const { timestamp: _own, ...rest } = FLAT;
    for (const timestamp of [undefined, null, 'now', '2025-02-30T00:00:00Z', -1, 1e15, {}]) {
      expect(flat({ ...rest, timestamp })).toMatchObject({ timestamp: 1_736_937_000 });
      expect(nested({ ...rest, timestamp })).toMatchObject({ timestamp: '2025-01-15T10:30:00Z' });
    }
    expect(flat({ ...rest, timestamp: 1_736_936_999.9 })).toMatchObject({ timestamp: 1_736_936_999 });
    expect(flat({ ...rest, timestamp: '2025-01-15T16:00:00.5+05:30' })).toMatchObject({
      timestamp: 1_736_937_000,
    });
    expect(flat(rest, '0001-01-01T00:00:00Z')).toMatchObject({ timestamp: -62_135_596_800 });
  });

  it.each([
    ['null', null],
    ['a text', 'busy'],
    ['nothing in it', {}],
    ['no memory', { ...FLAT, memory: undefined }],
    ['memory that is a number', { ...FLAT, memory: 8 }],
    ['a CPU usage that is a text', { ...FLAT, cpuUsage: '12.5' }],
    ['no CPU usage', { ...NESTED, cpu: { cores: 8 } }],
  ])('is not sent when it is or has %s', (_what, object) => {
    expect([flat(object), nested(object)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['null', null],
    ['absent', undefined],
    ['a text', '/dev/sda1'],
    ['a list with rejected input in it', [...FLAT.disk, { name: 'x' }]],
  ])('has an empty list of disks when its disk is %s', (_what, disk) => {
    expect(flat({ ...FLAT, disk })).toEqual({ ...FLAT, disk: [] });
    expect(nested({ ...NESTED, disk })).toEqual({ ...NESTED, disk: { used: 0, total: 0, percent: 0 } });
  });

  it('has 0 for the missing parts of its load average', () => {
    const loadAverage = { oneMinute: 2, fiveMinutes: null };
    expect(flat({ ...FLAT, loadAverage })).toMatchObject({ loadAverage: { ...ZEROS, oneMinute: 2 } });
  });
});

describe("a frame for Mist's dashboard", () => {
  const number = expect.any(Number) as number;
  const SAFE = {
    cpuUsage: number,
    memory: { total: number, used: number },
    loadAverage: { oneMinute: number, fiveMinutes: number, fifteenMinutes: number },
    timestamp: number,
    uptime: number,
    cpuTemperature: number,
  };

  it('has every field that the dashboard reads, whatever was published, or is not sent', () => {
    const field = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 3 }), fc.double());
    const fields = Object.fromEntries(
      [...Object.keys(FLAT), ...Object.keys(NESTED)].map((name) => [name, field]),
    );
    const half = fc.record(fields).map((any) => ({ ...any, cpuUsage: 1, memory: NESTED.memory }));
    fc.assert(
      fc.property(fc.oneof(fc.record(fields), half), (object) => {
        const published = JSON.parse(JSON.stringify(object)) as Json;
        const said = flat(published) as { disk: unknown } | undefined;
        if (said === undefined) return;
        const { disk, ...rest } = said;
        expect(rest).toEqual(SAFE);
        expect(Array.isArray(disk)).toBe(true);
        expect(nested(published)).toBeDefined();
      }),
      { numRuns: runs(2_000) },
    );
  });
});
