import { z } from 'zod';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject } from '../model/json.ts';
import { goTime } from '../model/time.ts';
import type { Encoding } from './dialect.ts';
import { flatSample, nestedSample } from './mist-metrics.ts';

const SAMPLES_EVERY_MS = 1_000;
/** How long a finished deployment stays open, for the last lines of its log. */
const DEPLOYMENT_ENDS_AFTER_MS = 1_000;
const FINISHED: ReadonlySet<unknown> = new Set(['success', 'failed', 'stopped']);

/** One event as a frame; `undefined` when its object lacks what the message must have. */
type Word = Encoding['encode'];
type DataOf = (event: HubEvent) => object | undefined;

const containerStatus = z.object({ container: z.string(), state: z.string(), status: z.string() });
const line = z.object({ line: z.string() });
const streamLine = line.extend({ stream: z.enum(['stdout', 'stderr']).optional().catch(undefined) });
const fault = z.object({ message: z.string() }).catch({ message: 'Unknown error' });
const logEnd = z.object({ message: z.string() }).catch({ message: 'Log stream ended' });
const connected = z.object({ message: z.string() });
const containerStats = z.object({
  cpu_percent: z.number(),
  memory_used_mb: z.number(),
  memory_limit_mb: z.number(),
  memory_percent: z.number(),
  network_rx_mb: z.number(),
  network_tx_mb: z.number(),
  block_read_mb: z.number(),
  block_write_mb: z.number(),
  pids: z.number(),
});
const progress = z.object({
  status: z.string(),
  stage: z.string().default(''),
  progress: z.number().default(0),
  message: z.string().default(''),
  error_message: z.string().default(''),
});
/** Mist's server leaves an empty one out. */
const progressOfServer = progress.extend({
  error_message: z
    .string()
    .transform((text) => text || undefined)
    .optional(),
});

/** What Mist's document promises, by `type.action`. */
const DOCUMENTED: ReadonlyMap<string, Word> = new Map<string, Word>([
  ['container.status', message(toSecond, like(containerStatus))],
  ['container.log', message(toSecond, like(line))],
  ['container.end', message(toSecond, like(logEnd))],
  ['container.error', message(toSecond, like(fault))],
  ['deployment.status', message(toSecond, withId(like(progress)))],
  ['deployment.log', message(toSecond, like(line))],
  ['deployment.error', message(toSecond, like(fault))],
  ['metrics.sample', nestedSample],
]);

/** What Mist's server says, where that is more or something else. */
const REAL: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...DOCUMENTED,
  ['container.log', message(toSecond, like(streamLine))],
  ['container.stats', message(toSecond, like(containerStats))],
  ['deployment.status', message(goTime, withId(like(progressOfServer)))],
  ['deployment.log', message(goTime, withTime(like(streamLine)))],
  ['deployment.error', message(goTime, like(fault))],
  ['metrics.sample', flatSample],
  ['system.connected', message(toSecond, like(connected))],
  ['system.log', message(toSecond, like(line))],
  ['system.end', message(toSecond, like(logEnd))],
  ['system.error', message(toSecond, like(fault))],
]);

const STATS = new Map(REAL).set(
  'container.end',
  message(toSecond, () => ({ message: 'Stats stream ended' })),
);

/** Of each kind of message the newest, once a second. */
const SAMPLED = { newest: ({ action }: HubEvent) => action, everyMs: SAMPLES_EVERY_MS };

export const documented: Encoding = { name: 'mist documented', encode: encodeBy(DOCUMENTED), endsAfterMs };
export const documentedSamples: Encoding = { ...documented, ...SAMPLED, name: 'mist documented samples' };
export const real: Encoding = { name: 'mist real', encode: encodeBy(REAL), endsAfterMs };
export const realSamples: Encoding = { ...real, ...SAMPLED, name: 'mist real samples' };
export const realStats: Encoding = { ...realSamples, encode: encodeBy(STATS), name: 'mist real stats' };

function encodeBy(words: ReadonlyMap<string, Word>): Word {
  return (event) => words.get(`${event.type}.${event.action}`)?.(event);
}

function endsAfterMs({ type, action, object }: HubEvent): number | undefined {
  switch (`${type}.${action}`) {
    case 'container.end':
    case 'container.error':
    case 'system.end':
    case 'system.error':
      return 0;
    case 'deployment.status':
      return isJsonObject(object) && FINISHED.has(object['status']) ? DEPLOYMENT_ENDS_AFTER_MS : undefined;
    default:
      return undefined;
  }
}

/** `{"type", "timestamp", "data"}`, in this order. */
function message(timeOf: (time: string) => string, dataOf: DataOf): Word {
  return (event) => {
    const data = dataOf(event);
    return data && JSON.stringify({ type: event.action, timestamp: timeOf(event.time), data });
  };
}

/** The fields of the object that the schema names, and no others. */
function like(schema: z.ZodType<object>): DataOf {
  return ({ object }) => schema.safeParse(object).data;
}

/** Ids of Mist are numbers on the wire and keys inside. */
function withId(dataOf: DataOf): DataOf {
  return (event) => {
    const data = dataOf(event);
    return data && { deployment_id: Number(event.key), ...data };
  };
}

function withTime(dataOf: DataOf): DataOf {
  return (event) => {
    const data = dataOf(event);
    return data && { ...data, timestamp: goTime(event.time) };
  };
}

/** RFC 3339 to the second. */
function toSecond(time: string): string {
  return goTime(time).replace(/\.\d+/, '');
}
