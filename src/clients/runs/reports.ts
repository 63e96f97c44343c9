import type { HubEvent } from '../sdk/item.ts';

export type Status = 'waiting' | 'running' | 'done' | 'failed' | 'stopped';

export interface StepReport {
  readonly name: string;
  readonly status?: Status;
  readonly percent?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly message?: string | undefined;
}

/** What one event says of a run. What it does not say stays as it was. */
export interface Report {
  readonly name: string;
  /** Tells runs of one topic apart. */
  readonly id?: string | undefined;
  readonly status?: Status | undefined;
  readonly percent?: number | undefined;
  readonly message?: string | undefined;
  readonly total?: number | undefined;
  readonly completed?: number | undefined;
  readonly steps?: readonly StepReport[];
  /** The step that runs now; the others do not. */
  readonly current?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type Reader = (event: HubEvent, fields: Fields) => Report | undefined;

/** Each word for a state that one of the systems uses. Any other word means that it runs. */
const STATES: Readonly<Record<Exclude<Status, 'running'>, RegExp>> = {
  waiting: /^(?:pending|queued|waiting|scheduled)$/i,
  done: /^(?:complete|completed|success|succeeded|done|deployed)$/i,
  failed: /^(?:failed|failure|error)$/i,
  stopped: /^(?:stopped|cancelled|canceled|skipped)$/i,
};

function statusOf(word: unknown): Status | undefined {
  if (typeof word !== 'string' || word === '') return undefined;
  for (const status of ['waiting', 'done', 'failed', 'stopped'] as const)
    if (STATES[status].test(word)) return status;
  return 'running';
}

/** Norn: the steps of a saga, each with its number, as texts. */
const norn: Reader = ({ type, action, key }, fields) => {
  const run = { name: `${type} ${key}`, id: textOf(fields['sagaId']), total: numberOf(fields['total']) };
  const message = textOf(fields['message']);
  const step = textOf(fields['step']);
  switch (action) {
    case 'queued':
      return { ...run, status: 'waiting' };
    case 'step':
      if (step === undefined) return undefined;
      return {
        ...run,
        status: 'running',
        steps: [
          {
            name: step,
            status: statusOf(fields['status']) ?? 'running',
            ...given({ durationMs: numberOf(fields['durationMs']) }),
          },
        ],
      };
    case 'progress':
      return step === undefined ? { ...run, message } : { ...run, steps: [{ name: step, message }] };
    case 'completed':
      return { ...run, status: 'done' };
    case 'failed':
      return { ...run, status: 'failed', message: textOf(fields['error']) };
    default:
      return undefined;
  }
};

/** Mist: the stage and percentage of a deployment, and lines of its log. */
const mist: Reader = ({ action, key }, fields) => {
  const name = `deployment ${key}`;
  if (action === 'log') return { name, message: textOf(fields['line']) };
  if (action === 'error') return { name, message: textOf(fields['message']) };
  if (action !== 'status') return undefined;
  const status = statusOf(fields['status']);
  const stage = textOf(fields['stage']);
  const isStep = stage !== undefined && statusOf(stage) === 'running';
  return {
    name,
    status,
    percent: numberOf(fields['progress']),
    message: textOf(fields['error_message']) ?? textOf(fields['message']),
    ...(isStep && { steps: [{ name: stage }], current: stage }),
  };
};

/** Mist: the state of a container, which runs until it exits, and anew when it starts again. */
const container: Reader = ({ key }, fields) => {
  const state = textOf(fields['state']);
  if (state === undefined) return undefined;
  const message = textOf(fields['status']) ?? state;
  const name = `container ${textOf(fields['container']) ?? key}`;
  return { name, status: containerStatus(state, message), message };
};

/** The words are those of the Docker engine. Its status `exited (143)` says that the container was asked to end. */
function containerStatus(state: string, message: string): Status {
  switch (state) {
    case 'created':
      return 'waiting';
    case 'exited':
      if (message === 'exited (143)') return 'stopped';
      return message === 'exited (0)' ? 'done' : 'failed';
    case 'removed':
      return 'stopped';
    case 'dead':
      return 'failed';
    default:
      return statusOf(state) ?? 'running';
  }
}

/** Provisioning: a task, and how much of it is done. */
const task: Reader = ({ key }, fields) => ({
  name: `task ${textOf(fields['name']) ?? key}`,
  status: statusOf(fields['status']),
  percent: numberOf(fields['progress']),
});

/** Provisioning: a batch, whose operations are its steps. */
const batch: Reader = (event, fields) => {
  const { operations } = fields;
  const steps = (Array.isArray(operations) ? (operations as readonly unknown[]) : [])
    .filter(isFields)
    .map((each) => ({
      name: textOf(each['id']) ?? '',
      status: statusOf(each['status']) ?? 'running',
      ...given({ percent: numberOf(each['progress']) }),
    }));
  return { ...task(event, fields), name: `batch ${textOf(fields['name']) ?? event.key}`, steps };
};

/** Provisioning: a workflow. It names the step that runs now, and never says that it has ended. */
const workflow: Reader = ({ key }, fields) => {
  const percent = numberOf(fields['progress']);
  const current = textOf(fields['current_step']);
  const details = isFields(fields['step_details']) ? fields['step_details'] : {};
  const step = {
    name: current ?? '',
    ...given({ percent: numberOf(details['step_progress']), message: textOf(details['step_message']) }),
  };
  return {
    name: `workflow ${textOf(fields['name']) ?? key}`,
    status: percent !== undefined && percent >= 100 ? 'done' : 'running',
    percent,
    total: numberOf(fields['total_steps']),
    completed: numberOf(fields['completed_steps']),
    ...(current !== undefined && { steps: [step], current }),
  };
};

/** By the type of the event, and its action where only one tells of runs. */
const READERS: Readonly<Record<string, Reader>> = {
  deploy: norn,
  preflight: norn,
  forge: norn,
  teardown: norn,
  deployment: mist,
  'container.status': container,
  'task.status_changed': task,
  'batch.update': batch,
  'workflow.progress_update': workflow,
};

/** What the event says of a run, or `undefined` where it is not about one. */
export function readReport(event: HubEvent): Report | undefined {
  const { type, action, object } = event;
  const name = [type, `${type}.${action}`].find((each) => Object.hasOwn(READERS, each));
  return name === undefined ? undefined : READERS[name]?.(event, isFields(object) ? object : {});
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Norn writes numbers as texts. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The fields that have a value, so that they do not hide what is known. */
function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
