import { Refusal } from './dialect.ts';
import {
  documented,
  documentedSamples,
  real,
  realSamples,
  realStats,
  type MistEncoding,
} from './mist-messages.ts';

/** A number greater than any rule keeps of one deployment. */
const WHOLE_LOG = 1_000_000;

/** One stream, which has a path of its own. Its events have one type, and the key that the query names. */
export interface Stream {
  readonly path: string;
  readonly encoding: MistEncoding;
  readonly type: string;
  /** The action that the stream is for. A client that may receive it may open the stream. */
  readonly feed: string;
  /** This many events of the feed are sent before new ones. */
  readonly tail: number;
  /** The other actions that the stream sends. The current `status` is sent before everything else. */
  readonly besides: readonly string[];
  /** @throws Refusal */
  readonly keyOf: (query: URLSearchParams) => string;
  /** The error message when the hub knows nothing of the key. Later events are sent nevertheless. */
  readonly absent?: string;
  /** A message that is sent before anything else. */
  readonly greeting?: string;
}

const container = { type: 'container', besides: ['status', 'end', 'error'] };
const containerLogs = { ...container, feed: 'log', tail: 100, keyOf: appIdOr('Invalid appId') };
const deploymentLogs = { type: 'deployment', feed: 'log', tail: WHOLE_LOG, besides: ['status', 'error'] };
const metrics = { type: 'metrics', feed: 'sample', tail: 1, besides: [], keyOf: hostOf };

/**
 * All streams. Those of Mist's document have the paths of the document, and those of its server have the paths of the
 * server.
 */
export const STREAMS: readonly Stream[] = [
  {
    ...containerLogs,
    path: '/ws/container/logs',
    encoding: documented,
    absent: 'Container not found',
  },
  {
    ...deploymentLogs,
    path: '/ws/deployment/logs',
    encoding: documented,
    keyOf: deploymentId('deploymentId'),
    absent: 'Deployment not found',
  },
  { ...metrics, path: '/ws/metrics', encoding: documentedSamples },
  {
    ...containerLogs,
    path: '/api/ws/container/logs',
    encoding: real,
    absent: 'Container not found',
  },
  {
    ...container,
    path: '/api/ws/container/stats',
    encoding: realStats,
    feed: 'stats',
    tail: 1,
    keyOf: appIdOr('invalid appID'),
    absent: 'Container not found',
  },
  {
    ...deploymentLogs,
    path: '/api/deployments/logs/stream',
    encoding: real,
    keyOf: deploymentId('id'),
    absent: 'Deployment not found',
  },
  { ...metrics, path: '/api/ws/stats', encoding: realSamples },
  {
    type: 'system',
    path: '/api/ws/system/logs',
    encoding: real,
    feed: 'log',
    tail: 100,
    besides: ['end', 'error'],
    keyOf: () => 'mist',
    greeting: 'Connected to system logs',
  },
];

/** A refusal as Mist's REST API words it. */
export function jsonRefusal(status: number, message: string, error: string): Refusal {
  const headers = { 'Content-Type': 'application/json' };
  return new Refusal(status, headers, JSON.stringify({ success: false, data: null, message, error }));
}

/** A refusal as Go's `http.Error` writes it. */
function textRefusal(status: number, text: string): Refusal {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
  return new Refusal(status, headers, `${text}\n`);
}

function appIdOr(invalid: string): Stream['keyOf'] {
  return (query) => {
    const given = query.get('appId');
    if (!given) throw textRefusal(400, 'appId is required');
    const id = int64(given);
    if (id === undefined) throw textRefusal(400, invalid);
    return id;
  };
}

function deploymentId(name: string): Stream['keyOf'] {
  return (query) => {
    const id = int64(query.get(name) ?? '');
    if (id !== undefined) return id;
    throw jsonRefusal(400, 'invalid deployment id', `Expected ${name} as a decimal number of 64 bits.`);
  };
}

/** Mist knows one host and has no parameter for it. With `?host=` a client names another host. */
function hostOf(query: URLSearchParams): string {
  return query.get('host') || 'system';
}

/**
 * Reads a number as Go's `ParseInt` does, and writes it in its shortest form. The result is `undefined` when the text
 * is no number or needs more than 64 bits.
 */
function int64(text: string): string | undefined {
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined;
  const id = BigInt(text);
  return BigInt.asIntN(64, id) === id ? String(id) : undefined;
}
