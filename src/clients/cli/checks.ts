import { randomUUID } from 'node:crypto';
import { HubError } from '../sdk/errors.ts';
import { matches, readPattern } from '../sdk/match.ts';
import { CommandError } from './errors.ts';
import type { NodeReport } from './node-report.ts';
import type { Session } from './session.ts';

/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  /** Where to read about it. */
  readonly see: string;
}

type Found = readonly [state: Finding['state'], detail: string];

interface Check {
  readonly name: string;
  /** The page of the docs. */
  readonly page: string;
  readonly run: (checked: Checked) => Found | Promise<Found>;
}

interface Me {
  readonly principal: string;
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  readonly expiresAt: string | null;
}

/** What the checks tell each other. */
interface Checked {
  readonly session: Session;
  /** The topic of the events that are published to see them come back. */
  readonly topic: { readonly type: string; readonly action: string; readonly key: string };
  me?: Me;
  nodes?: readonly NodeReport[];
  /** The ids of the two events that were published. */
  ids?: readonly string[];
}

/** How long an event may take to come back, in milliseconds. */
const COMES_BACK_MS = 10_000;
/** `Date` has whole seconds, and the answer took some time as well. */
const SKEW_MAX_MS = 2_000;
const EXPIRES_SOON_MS = 300_000;
const LAG_MAX_MS = 1_000;
const EVICTION = 'maxmemory-policy';
/** The first version with functions. */
const REDIS_MAJOR = 7;

const CHECKS: readonly Check[] = [
  { name: 'address', page: 'how-to/behind-a-proxy', run: address },
  { name: 'clock', page: 'how-to/secure', run: clock },
  { name: 'token', page: 'reference/errors#token_invalid', run: token },
  { name: 'ready', page: 'how-to/does-not-start', run: ready },
  { name: 'nodes', page: 'how-to/monitor', run: nodes },
  { name: 'redis', page: 'how-to/run-redis', run: redis },
  { name: 'socket', page: 'how-to/reconnects', run: socket },
  { name: 'round trip', page: 'how-to/event-not-heard', run: roundTrip },
  { name: 'resume', page: 'how-to/resume', run: resume },
];

/**
 * Everything between this machine and the hub, one thing after another. It publishes two events, `doctor.check.<random>`, where the
 * token permits it. @throws CommandError when no hub answers
 */
export async function* findings(session: Session): AsyncGenerator<Finding> {
  const checked: Checked = { session, topic: { type: 'doctor', action: 'check', key: randomUUID() } };
  for (const { name, page, run } of CHECKS) {
    const see = new URL(`docs/${page}`, session.target.base).href;
    const [state, detail] = await attempt(run, checked);
    yield { check: name, state, detail, see };
  }
}

async function attempt(run: Check['run'], checked: Checked): Promise<Found> {
  try {
    return await run(checked);
  } catch (error) {
    const explained = checked.session.explained(error);
    if (!(explained instanceof CommandError) || explained.exit === 'unreachable') throw explained;
    return ['failed', explained.message];
  }
}

async function address({ session }: Checked): Promise<Found> {
  const start = performance.now();
  await session.ask('healthz');
  const { base, insecure } = session.target;
  const answered = `${base.href} answered in ${Math.round(performance.now() - start)} ms`;
  if (base.protocol === 'http:') return ['ok', answered];
  return insecure
    ? ['warning', `${answered}; its certificate was not checked, since --insecure was given`]
    : ['ok', `${answered}, with a certificate that this machine trusts`];
}

async function clock({ session }: Checked): Promise<Found> {
  const sentAt = Date.now();
  const { headers } = await session.ask('healthz');
  const now = (sentAt + Date.now()) / 2;
  const theirs = Date.parse(headers.get('Date') ?? '');
  if (Number.isNaN(theirs)) return ['skipped', 'the answer has no Date'];
  // The header was cut to whole seconds.
  const skewMs = Math.round(theirs + 500 - now);
  const detail = `the clock of the hub differs from the clock of this machine by ${(Math.abs(skewMs) / 1_000).toFixed(1)} s`;
  return Math.abs(skewMs) <= SKEW_MAX_MS
    ? ['ok', detail]
    : ['warning', `${detail}; tokens may seem to have ended, or not to be valid yet`];
}

async function token(checked: Checked): Promise<Found> {
  const me = (checked.me = await checked.session.read<Me>('api/v3/me'));
  const { principal, subscribe, publish, expiresAt } = me;
  const rights = `${principal}; receives ${listed(subscribe)}; publishes ${listed(publish)}`;
  if (expiresAt === null) return ['ok', `${rights}; the token never ends`];
  const isEnding = Date.parse(expiresAt) - Date.now() < EXPIRES_SOON_MS;
  return [isEnding ? 'warning' : 'ok', `${rights}; the token ends at ${expiresAt}`];
}

function listed(patterns: readonly string[]): string {
  return patterns.join(' ') || 'nothing';
}

async function ready({ session }: Checked): Promise<Found> {
  const { publishing, reason = '' } = await session.read<{
    readonly publishing: boolean;
    readonly reason?: string;
  }>('readyz');
  return publishing ? ['ok', 'events flow, and the node can publish'] : ['failed', reason];
}

async function nodes(checked: Checked): Promise<Found> {
  let found: readonly NodeReport[];
  try {
    found = checked.nodes = await checked.session.read<readonly NodeReport[]>('api/v3/nodes?detail=status');
  } catch (error) {
    if (!(error instanceof HubError && error.code === 'forbidden')) throw error;
    return missing('see the nodes: to receive nodes.list.*');
  }
  if (found.length === 0) return missing('see the nodes: to receive nodes.list.*');
  const versions = new Set(found.map(({ version }) => version));
  const troubles = [
    ...found.filter((node) => !node.ready).map(({ name }) => `${name} is not ready`),
    ...found
      .filter(({ lagMs }) => lagMs > LAG_MAX_MS)
      .map(({ name, lagMs }) => `${name} delivers ${lagMs} ms late`),
    ...found.filter(({ status }) => status === null).map(({ name }) => `${name} does not answer other nodes`),
    ...(versions.size > 1 ? [`the nodes have the versions ${[...versions].join(' and ')}`] : []),
    ...warningsOf(found).filter((warning) => !warning.includes(EVICTION)),
  ];
  const names = found.map(({ name }) => name).join(', ');
  if (troubles.length > 0) return ['warning', troubles.join('; ')];
  return ['ok', `${found.length} (${names}), ready, with equal settings and version ${[...versions].join()}`];
}

function redis({ nodes: found }: Checked): Found {
  if (found === undefined || found.length === 0)
    return ['skipped', 'only the nodes know, which the token does not permit to see'];
  const eviction = warningsOf(found).find((warning) => warning.includes(EVICTION));
  if (eviction !== undefined) return ['warning', eviction];
  const versions = new Set(found.flatMap(({ status }) => status?.redisVersion ?? []));
  if (versions.size === 0) return ['skipped', 'no node tells of one; a hub that runs by itself has none'];
  if (versions.size > 1) return ['failed', `the nodes have several: ${[...versions].join(' and ')}`];
  const version = [...versions].join();
  return Number.parseInt(version) >= REDIS_MAJOR
    ? ['ok', `version ${version}; all nodes are let in, and it refuses writes when it is full, as it should`]
    : ['failed', `version ${version}; expected ${REDIS_MAJOR} or newer`];
}

function warningsOf(found: readonly NodeReport[]): string[] {
  return [...new Set(found.flatMap(({ warnings }) => warnings))];
}

async function socket(checked: Checked): Promise<Found> {
  const { session } = checked;
  const lack = lackOf(checked, 'subscribe');
  if (lack !== undefined) return lack;
  const start = performance.now();
  const listener = session.hub.listen(patternOf(checked), { signal: AbortSignal.timeout(COMES_BACK_MS) });
  try {
    await listener.ready;
  } finally {
    listener.close();
  }
  return ['ok', `connected and subscribed in ${Math.round(performance.now() - start)} ms`];
}

async function roundTrip(checked: Checked): Promise<Found> {
  const { session, topic } = checked;
  const lack = lackOf(checked, 'subscribe') ?? lackOf(checked, 'publish');
  if (lack !== undefined) return lack;
  const signal = AbortSignal.timeout(COMES_BACK_MS);
  const listener = session.hub.listen(patternOf(checked), { signal });
  await listener.ready;
  const start = performance.now();
  const event = { ...topic, object: { by: 'belfry doctor' } };
  checked.ids = await session.hub.publishAll([event, event], { signal });
  for await (const item of listener)
    if (item.gap === undefined && item.id === checked.ids.at(-1))
      return ['ok', `events came back in ${(performance.now() - start).toFixed(1)} ms`];
  return [
    'failed',
    `events were published as ${checked.ids.join()}, and did not come back in ${COMES_BACK_MS} ms`,
  ];
}

/** From the position of the first event, the second one comes again. */
async function resume(checked: Checked): Promise<Found> {
  const [since, id] = checked.ids ?? [];
  if (since === undefined) return ['skipped', 'no event was published'];
  const signal = AbortSignal.timeout(COMES_BACK_MS);
  for await (const item of checked.session.hub.listen(patternOf(checked), { since, signal })) {
    if (item.gap !== undefined) return ['failed', `the log told of a gap: ${item.gap.reason}`];
    if (item.id === id) return ['ok', 'an event came from the log once more'];
  }
  return ['failed', `the log did not give the event ${id} within ${COMES_BACK_MS} ms`];
}

function patternOf({ topic: { type, action, key } }: Checked): string {
  return `${type}.${action}.${key}`;
}

/** Why the token does not do for the events of a check. */
function lackOf({ me, topic }: Checked, right: 'subscribe' | 'publish'): Found | undefined {
  if (me === undefined) return ['skipped', 'the hub does not accept the token'];
  if (matches(me[right].map(readPattern), undefined, topic)) return undefined;
  return missing(`${right === 'subscribe' ? 'receive' : 'publish'} ${topic.type}.${topic.action}.*`);
}

function missing(what: string): Found {
  return ['skipped', `the token does not permit to ${what}`];
}
