import { z } from 'zod';
import type { HubEvent } from '../model/event.ts';
import { valueOf } from '../model/json.ts';
import { goTime, isRfc3339 } from '../model/time.ts';
import { quantity, rfc3339 } from './shapes.ts';

/** The last second of the year 9999, since a year must have four digits. */
const MAX_SECOND = 253_402_300_799;

/** A number that may be absent. It then becomes 0, as in Mist's own samples of a host without sensors. */
const orZero = quantity.catch(0);
const share = z.object({ used: quantity, total: quantity, percent: quantity.optional() });
const partition = z.object({
  name: z.string(),
  totalSpace: quantity,
  availableSpace: quantity,
  usedSpace: quantity,
});
const loadAverage = z.object({ oneMinute: orZero, fiveMinutes: orZero, fifteenMinutes: orZero });
const docker = z.object({ containers_running: orZero, containers_total: orZero, images: orZero });
const second = quantity.transform(Number).refine((value) => value >= 0 && value <= MAX_SECOND);

/**
 * The object of `metrics.sample`, in the shape of Mist's document, in the shape of its server, or in both at once. A
 * field that one shape lacks is computed from the other. CPU usage (percent) and memory (bytes) must be there; the
 * rest may be absent.
 */
const sampleSchema = z.object({
  timestamp: z.union([second, z.string().refine(isRfc3339).transform(secondOf)]).catch(-1),
  cpuUsage: quantity.optional(),
  cpu: z.object({ usage: quantity.optional(), cores: orZero }).catch({ cores: 0 }),
  memory: share,
  disk: z.union([z.array(partition), share.transform(partitionsOf)]).catch([]),
  loadAverage: loadAverage.catch(loadAverage.parse({})),
  uptime: orZero,
  cpuTemperature: orZero,
  docker: docker.catch(docker.parse({})),
});

/** What {@link flatSample} writes. */
export const flatForm = z.strictObject({
  cpuUsage: z.number(),
  memory: z.strictObject({ total: z.number(), used: z.number() }),
  disk: z.array(partition),
  loadAverage,
  timestamp: z.int(),
  uptime: z.int(),
  cpuTemperature: z.number(),
});

const shareForm = share.required();

/** What {@link nestedSample} writes. */
export const nestedForm = z.strictObject({
  timestamp: rfc3339,
  cpu: z.strictObject({ usage: z.number(), cores: z.number() }),
  memory: shareForm,
  disk: shareForm,
  docker,
});

type Sample = Omit<z.infer<typeof sampleSchema>, 'cpuUsage'> & {
  readonly cpuUsage: z.infer<typeof quantity>;
};

/**
 * A sample as Mist's server sends it: flat and without an envelope. Mist's dashboard breaks on any field that is
 * missing or null.
 */
export function flatSample(event: HubEvent): string | undefined {
  const sample = sampleOf(event);
  if (sample === undefined) return undefined;
  const { cpuUsage, memory, disk, timestamp, uptime, cpuTemperature } = sample;
  const { total, used } = memory;
  return JSON.stringify({
    cpuUsage,
    memory: { total, used },
    disk,
    loadAverage: sample.loadAverage,
    timestamp,
    uptime: Math.trunc(Number(uptime)),
    cpuTemperature,
  });
}

/** A sample as Mist's document shows it: nested and without an envelope. */
export function nestedSample(event: HubEvent): string | undefined {
  const sample = sampleOf(event);
  if (sample === undefined) return undefined;
  const { cpuUsage, cpu, memory, disk, timestamp } = sample;
  return JSON.stringify({
    timestamp: `${new Date(timestamp * 1_000).toISOString().slice(0, -'.000Z'.length)}Z`,
    cpu: { usage: cpuUsage, cores: cpu.cores },
    memory: withPercent(memory),
    disk: withPercent({
      used: disk.reduce((sum, { usedSpace }) => sum + Number(usedSpace), 0),
      total: disk.reduce((sum, { totalSpace }) => sum + Number(totalSpace), 0),
    }),
    docker: sample.docker,
  });
}

function sampleOf({ object, time }: HubEvent): Sample | undefined {
  const { data } = sampleSchema.safeParse(valueOf(object));
  const cpuUsage = data?.cpuUsage ?? data?.cpu.usage;
  if (data === undefined || cpuUsage === undefined) return undefined;
  return { ...data, cpuUsage, timestamp: data.timestamp < 0 ? secondOf(time) : Math.trunc(data.timestamp) };
}

/** A host that reports only its total disk space gets one partition. */
function partitionsOf({ used, total }: z.infer<typeof share>): z.infer<typeof partition>[] {
  return [{ name: '/', totalSpace: total, availableSpace: Number(total) - Number(used), usedSpace: used }];
}

function withPercent({ used, total, percent }: z.infer<typeof share>): object {
  return { used, total, percent: percent ?? percentOf(Number(used), Number(total)) };
}

function percentOf(used: number, total: number): number {
  return total > 0 ? Math.round((used / total) * 10_000) / 100 : 0;
}

/** Seconds since 1970. */
function secondOf(time: string): number {
  return Math.floor(Date.parse(goTime(time)) / 1_000) || 0;
}
