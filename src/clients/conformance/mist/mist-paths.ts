/** The streams of Mist. Its document and its server have different paths and forms for them, and a server may have
 * the ones, the others, or both. */
import { Failed, Skipped } from '../outcome.ts';
import { type Form } from '../frames.ts';
import { type Refused, Socket } from '../socket.ts';
import type { How, Subject } from '../subject.ts';

/** `document`: paths and forms of the document. `server`: those of Mist's own server. */
export type Variant = 'document' | 'server';

export interface Stream {
  readonly name: string;
  readonly path: string;
  /** The path of the same stream in the other variant, if it has one. */
  readonly twin?: string;
  /** The parameter of the URL that names what the stream is about. */
  readonly parameter?: string;
  /** The option by which the user names a thing of this kind that exists. */
  readonly option?: 'app' | 'deployment';
}

const lineForm: Form = { line: 'text' };

const streamLineForm: Form = { line: 'text', stream: ['stdout', 'stderr'] };

const messageForm: Form = { message: 'text' };

const statusForm: Form = { container: 'text', state: 'text', status: 'text' };

const progressForm: Form = {
  deployment_id: 'whole',
  status: 'text',
  stage: 'text',
  progress: 'number',
  message: 'text',
};

export const LOGS: Readonly<Record<Variant, Stream>> = {
  document: {
    name: 'container logs',
    path: '/ws/container/logs',
    twin: '/api/ws/container/logs',
    parameter: 'appId',
    option: 'app',
  },
  server: {
    name: 'container logs',
    path: '/api/ws/container/logs',
    twin: '/ws/container/logs',
    parameter: 'appId',
    option: 'app',
  },
};

export const DEPLOYMENTS: Readonly<Record<Variant, Stream>> = {
  document: {
    name: 'deployment logs',
    path: '/ws/deployment/logs',
    twin: '/api/deployments/logs/stream',
    parameter: 'deploymentId',
    option: 'deployment',
  },
  server: {
    name: 'deployment logs',
    path: '/api/deployments/logs/stream',
    twin: '/ws/deployment/logs',
    parameter: 'id',
    option: 'deployment',
  },
};

export const METRICS: Readonly<Record<Variant, Stream>> = {
  document: { name: 'metrics', path: '/ws/metrics', twin: '/api/ws/stats' },
  server: { name: 'metrics', path: '/api/ws/stats', twin: '/ws/metrics' },
};

export const STATS: Stream = {
  name: 'container stats',
  path: '/api/ws/container/stats',
  twin: '/ws/container/logs',
  parameter: 'appId',
  option: 'app',
};

export const SYSTEM: Stream = { name: 'system logs', path: '/api/ws/system/logs', twin: '/ws/metrics' };

const shareForm: Form = { used: 'number', total: 'number', percent: 'number' };

/** The samples of both variants, which have no envelope. */
export const SAMPLES: Readonly<Record<Variant, Form>> = {
  document: {
    timestamp: 'time',
    cpu: { usage: 'number', cores: 'number' },
    memory: shareForm,
    disk: shareForm,
    docker: { containers_running: 'number', containers_total: 'number', images: 'number' },
  },
  server: {
    cpuUsage: 'number',
    memory: { total: 'number', used: 'number' },
    disk: 'list',
    loadAverage: { oneMinute: 'number', fiveMinutes: 'number', fifteenMinutes: 'number' },
    timestamp: 'whole',
    uptime: 'number',
    cpuTemperature: 'number',
  },
};

/** What stands in `data`, by the path of the stream and the type of the message. */
const DATA: Readonly<Record<string, Readonly<Record<string, Form>>>> = {
  [LOGS.document.path]: { status: statusForm, log: lineForm, error: messageForm, end: messageForm },
  [LOGS.server.path]: { status: statusForm, log: streamLineForm, error: messageForm, end: messageForm },
  [DEPLOYMENTS.document.path]: {
    status: { ...progressForm, error_message: 'text' },
    log: lineForm,
    error: messageForm,
  },
  [DEPLOYMENTS.server.path]: {
    status: progressForm,
    log: { ...streamLineForm, timestamp: 'time' },
    error: messageForm,
  },
  [STATS.path]: {
    status: statusForm,
    stats: {
      cpu_percent: 'number',
      memory_used_mb: 'number',
      memory_limit_mb: 'number',
      memory_percent: 'number',
      network_rx_mb: 'number',
      network_tx_mb: 'number',
      block_read_mb: 'number',
      block_write_mb: 'number',
      pids: 'number',
    },
    error: messageForm,
    end: messageForm,
  },
  [SYSTEM.path]: { connected: messageForm, log: lineForm, error: messageForm, end: messageForm },
};

/** The form of a message of this type at this path; of a sample, that of the whole frame. */
export function formAt(path: string, type: unknown): Form {
  for (const variant of ['document', 'server'] as const)
    if (path === METRICS[variant].path) return SAMPLES[variant];
  const forms = DATA[path] ?? {};
  const data = typeof type === 'string' ? forms[type] : undefined;
  return { type: Object.keys(forms), timestamp: 'time', data: data ?? 'object' };
}

/** Opens a stream. @throws Skipped where the server has it only in the other variant, or does not know the thing */
export async function openStream(
  subject: Subject,
  stream: Stream,
  id?: string,
  how: How = {},
): Promise<Socket> {
  const opened = await attemptStream(subject, stream, id, how);
  if (opened instanceof Socket) return opened;
  if (isUnknownThing(opened)) {
    const { option = '' } = stream;
    throw new Skipped(
      `the server knows no ${option} ${id ?? ''}, and answered ${opened.status}: --${option} names one`,
    );
  }
  throw new Failed(`an open socket at ${stream.path}, not ${opened.status}`);
}

/** @throws Skipped where the server has the stream only in the other variant */
export async function attemptStream(
  subject: Subject,
  stream: Stream,
  id?: string,
  how: How = {},
): Promise<Socket | Refused> {
  const { path, twin, parameter } = stream;
  const query = { ...(parameter !== undefined && id !== undefined && { [parameter]: id }), ...how.query };
  const opened = await subject.attempt(path, { ...how, query });
  if (opened instanceof Socket || !isUnserved(opened) || twin === undefined) return opened;
  const other = await subject.attempt(twin, { query: { appId: '1', id: '1', deploymentId: '1' } });
  if (!(other instanceof Socket) && isUnserved(other)) return opened;
  throw new Skipped(`${path} answered ${opened.status}, and the server has ${twin} instead`);
}

export function isUnknownThing({ status, body }: Refused): boolean {
  return status === 404 && /application|deployment/i.test(body);
}

/** The answer of a server that has no socket there. Many answer every path with the page of their site. */
function isUnserved(refused: Refused): boolean {
  const { status } = refused;
  return !isUnknownThing(refused) && (status < 400 || status === 404 || status === 405 || status === 501);
}
