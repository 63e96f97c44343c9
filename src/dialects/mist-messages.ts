import { z } from 'zod';
import type { HubEvent } from '../model/event.ts';
import { ExactNumber } from '../model/exact-number.ts';
import { isJsonObject, valueOf, type Json, type Value } from '../model/json.ts';
import { goTime } from '../model/time.ts';
import type { Encoding } from './dialect.ts';
import { flatForm, flatSample, nestedForm, nestedSample } from './mist-metrics.ts';
import { quantity, rfc3339 } from './shapes.ts';
import { bound } from '../model/bound.ts';

const SAMPLES_EVERY_MS = 1_000;
/** How long the socket of a finished deployment stays open for the last lines of its log. */
const DEPLOYMENT_ENDS_AFTER_MS = bound(
  'time for which a socket stays open after the end of its deployment',
  1_000,
  'ms',
  'it is closed with 1000',
);
const FINISHED: ReadonlySet<unknown> = new Set(['success', 'failed', 'stopped']);

type DataOf = (event: HubEvent) => object | undefined;

/** One kind of message. */
export interface Word {
  /** One event as a frame, or `undefined` when its object lacks something that the message must have. */
  readonly encode: Encoding['encode'];
  /** The schema of that frame, for an event with this action. */
  readonly formOf: (action: string) => z.ZodType;
}

/** The data of a message beside its kind and time, and the schema of the data. */
interface Content {
  readonly dataOf: DataOf;
  readonly form: z.ZodObject;
}

/** An encoding that lists the messages it can write, by `type.action`. */
export interface MistEncoding extends Encoding {
  readonly words: ReadonlyMap<string, Word>;
}

const containerStatus = z.object({ container: z.string(), state: z.string(), status: z.string() });
const line = z.object({ line: z.string() });
const streamLine = line.extend({ stream: z.enum(['stdout', 'stderr']).optional().catch(undefined) });
const fault = z.object({ message: z.string() }).catch({ message: 'Unknown error' });
const logEnd = z.object({ message: z.string() }).catch({ message: 'Log stream ended' });
const connected = z.object({ message: z.string() });
const containerStats = z.object({
  cpu_percent: quantity,
  memory_used_mb: quantity,
  memory_limit_mb: quantity,
  memory_percent: quantity,
  network_rx_mb: quantity,
  network_tx_mb: quantity,
  block_read_mb: quantity,
  block_write_mb: quantity,
  pids: quantity,
});
const progress = z.object({
  status: z.string(),
  stage: z.string().default(''),
  progress: quantity.default(0),
  message: z.string().default(''),
  error_message: z.string().default(''),
});
/** Mist's server leaves an empty error message out. */
const progressOfServer = progress.extend({
  error_message: z
    .string()
    .transform((text) => text || undefined)
    .optional(),
});

/** The messages of Mist's document, by `type.action`. */
const DOCUMENTED: ReadonlyMap<string, Word> = new Map<string, Word>([
  ['container.status', message(toSecond, like(containerStatus))],
  ['container.log', message(toSecond, like(line))],
  ['container.end', message(toSecond, like(logEnd))],
  ['container.error', message(toSecond, like(fault))],
  ['deployment.status', message(toSecond, withId(like(progress)))],
  ['deployment.log', message(toSecond, like(line))],
  ['deployment.error', message(toSecond, like(fault))],
  ['metrics.sample', { encode: nestedSample, formOf: () => nestedForm }],
]);

/** The messages of Mist's server. It has more of them, and some differ from the document. */
const REAL: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...DOCUMENTED,
  ['container.log', message(toSecond, like(streamLine))],
  ['container.stats', message(toSecond, like(containerStats))],
  ['deployment.status', message(goTime, withId(like(progressOfServer)))],
  ['deployment.log', message(goTime, withTime(like(streamLine)))],
  ['deployment.error', message(goTime, like(fault))],
  ['metrics.sample', { encode: flatSample, formOf: () => flatForm }],
  ['system.connected', message(toSecond, like(connected))],
  ['system.log', message(toSecond, like(line))],
  ['system.end', message(toSecond, like(logEnd))],
  ['system.error', message(toSecond, like(fault))],
]);

const STATS = new Map(REAL).set(
  'container.end',
  message(toSecond, { dataOf: () => ({ message: 'Stats stream ended' }), form: logEnd.unwrap() }),
);

/** Only the newest message of each kind goes out, once a second. */
const SAMPLED = { conflateBy: ({ action }: HubEvent) => action, minIntervalMs: SAMPLES_EVERY_MS };

export const documented = encodingOf('mist documented', DOCUMENTED);
export const documentedSamples: MistEncoding = { ...documented, ...SAMPLED, name: 'mist documented samples' };
export const real = encodingOf('mist real', REAL);
export const realSamples: MistEncoding = { ...real, ...SAMPLED, name: 'mist real samples' };
export const realStats: MistEncoding = { ...encodingOf('mist real stats', STATS), ...SAMPLED };

function encodingOf(name: string, words: MistEncoding['words']): MistEncoding {
  const encode = (event: HubEvent): string | undefined =>
    words.get(`${event.type}.${event.action}`)?.encode(event);
  return { name, encode, closesAfterMs, words };
}

function closesAfterMs({ type, action, object }: HubEvent): number | undefined {
  switch (`${type}.${action}`) {
    case 'container.end':
    case 'container.error':
    case 'system.end':
    case 'system.error':
      return 0;
    case 'deployment.status':
      return FINISHED.has(statusOf(object)) ? DEPLOYMENT_ENDS_AFTER_MS : undefined;
    default:
      return undefined;
  }
}

function statusOf(object: Value): Json | undefined {
  const said = valueOf(object);
  return isJsonObject(said) ? said['status'] : undefined;
}

/** `{"type", "timestamp", "data"}`, in this order. */
function message(timeOf: (time: string) => string, { dataOf, form }: Content): Word {
  return {
    encode: (event) => {
      const data = dataOf(event);
      return data && JSON.stringify({ type: event.action, timestamp: timeOf(event.time), data });
    },
    formOf: (action) => z.strictObject({ type: z.literal(action), timestamp: rfc3339, data: form }),
  };
}

/** The fields of the object that the schema names, and no others. */
function like(schema: z.ZodObject | z.ZodCatch<z.ZodObject>): Content {
  const form = schema instanceof z.ZodCatch ? schema.unwrap() : schema;
  return { dataOf: ({ object }) => schema.safeParse(valueOf(object)).data, form };
}

/** Ids of Mist are numbers on the wire, and keys in the hub. */
function withId({ dataOf, form }: Content): Content {
  return {
    dataOf: (event) => {
      const data = dataOf(event);
      return data && { deployment_id: numberOf(event.key), ...data };
    },
    form: form.extend({ deployment_id: z.number() }),
  };
}

/** Ids have up to 64 bits, which is more than a number of JavaScript can hold. */
function numberOf(key: string): number | ExactNumber {
  return /^-?(0|[1-9]\d*)$/.test(key) ? new ExactNumber(key) : Number(key);
}

function withTime({ dataOf, form }: Content): Content {
  return {
    dataOf: (event) => {
      const data = dataOf(event);
      return data && { ...data, timestamp: goTime(event.time) };
    },
    form: form.extend({ timestamp: rfc3339 }),
  };
}

/** A time as RFC 3339, cut to whole seconds. */
function toSecond(time: string): string {
  return goTime(time).replace(/\.\d+/, '');
}
