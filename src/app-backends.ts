import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type {
  Broker,
  DeadLetterQueue,
  BrokerStats,
  History,
  LogBounds,
  Retained,
  Shards,
} from './broker/broker.ts';
import type { Leases } from './broker/leases.ts';
import type { Reshard } from './broker/reshard.ts';
import { limitsOfShard } from './broker/log-share.ts';
import { MemoryBroker } from './broker/memory-broker.ts';
import { RedisConnection } from './broker/redis-connection.ts';
import { publishing } from './broker/redis-scripts.ts';
import { RedisBroker } from './broker/redis-broker.ts';
import type { Config } from './config/config.ts';
import type { EventFormats } from './dialects/event-formats.ts';
import type { RejectedInput } from './telemetry/rejected-input.ts';
import type { Clock } from './model/clock.ts';
import type { Redaction } from './model/redaction.ts';
import { DEFAULT_RETENTION, OWN_RETENTION, Retention } from './model/retention.ts';
import { Layout } from './model/shards.ts';
import type { Control } from './registry/control.ts';
import { INTEREST_TOPICS_MAX, type Interest, type InterestLimits } from './registry/interest.ts';
import { MemoryControl } from './registry/memory-control.ts';
import { MemoryInterest } from './registry/memory-interest.ts';
import type { NodeDirectory, OwnReport } from './registry/node-directory.ts';
import { interestQuotaOf, quotaOf } from './registry/log-quota.ts';
import { MemoryRegistry } from './registry/memory-registry.ts';
import { RedisControl } from './registry/redis-control.ts';
import { RedisInterest } from './registry/redis-interest.ts';
import { registryScripts } from './registry/redis-registry-keys.ts';
import { RedisRegistry } from './registry/redis-registry.ts';
import { RedisSurveyChannel } from './registry/redis-survey-channel.ts';
import { NO_OTHER_NODES, Survey, type SurveyChannel } from './registry/survey.ts';
import type { PresenceReader, Lifecycle, Registry, RegistryLimits } from './registry/registry.ts';
import { bound } from './model/bound.ts';

const CONNECT_WITHIN_MS = bound(
  'time to connect to Redis at the start',
  10_000,
  'ms',
  'the node ends with the reason',
);
const COMMAND_WITHIN_MS = bound(
  'time for a command of the registry at Redis',
  5_000,
  'ms',
  'it counts as failed, and is repeated at the next renewal of the lease',
);

/** Limits of the log, and of the events that are put into it. */
function limitsOf({ logMaxEvents, logMaxBytes, logMaxAgeMs, eventMaxBytes, retention }: Config) {
  return {
    bounds: { maxEvents: logMaxEvents, maxBytes: logMaxBytes, maxAgeMs: logMaxAgeMs },
    retention: new Retention([...OWN_RETENTION, ...retention, ...DEFAULT_RETENTION]),
    maxEventBytes: eventMaxBytes,
  };
}

function interestLimitsOf({ interestHoldMs: holdMs }: Config, bounds: LogBounds): InterestLimits {
  return { holdMs, maxTopics: INTEREST_TOPICS_MAX, quota: interestQuotaOf(bounds) };
}

/** The broker, and everything that is read from it: the past, retained events, dead letters and figures. */
export type BrokerBackend = Broker &
  Shards &
  Reshard &
  History &
  Retained & {
    readonly deadLetters: DeadLetterQueue;
    readonly leases: Leases;
    readonly brokerStats: BrokerStats;
  };

/** The parts of a node that exist in two variants: for a node that runs alone, and for nodes that share a Redis. */
export interface Backends {
  /** Masks what nobody may see in everything that is published or sent through it. */
  readonly broker: BrokerBackend;
  readonly registry: Registry & PresenceReader & NodeDirectory & Lifecycle;
  /** What the clients of all nodes listen to. */
  readonly interest: Interest & Lifecycle;
  /** Operators use it to reach the connections of the registry. */
  readonly control: Control;
  /** Nodes use it to ask each other. */
  readonly survey: Survey;
  /**
   * The connections of the registry, of control and of surveys. They must be opened before these start, and closed after they
   * stop.
   */
  readonly connections: readonly RedisConnection[];
}

export interface BackendParts {
  readonly log: Logger;
  readonly clock: Clock;
  readonly rejected: RejectedInput;
  readonly redaction: Redaction;
  readonly formats: EventFormats;
  readonly about: OwnReport;
}

export function backendsOf(config: Config, parts: BackendParts): Backends {
  const { redisUrl: url } = config;
  return url === undefined ? memoryBackends(config, parts) : redisBackends(config, url, parts);
}

function memoryBackends(config: Config, parts: BackendParts): Backends {
  const { log, clock, redaction, about } = parts;
  const { retainedMaxBytes: maxRetainedBytes, presenceGraceMs: graceMs } = config;
  const layout = Layout.of(config.shards, config.shardFans);
  const limits = limitsOf(config);
  const { bounds } = limitsOfShard({ ...limits, maxRetainedBytes }, layout);
  const broker = new MemoryBroker({ clock, layout, ...limits, bounds, maxRetainedBytes, redaction });
  const registry = new MemoryRegistry({
    clock,
    publish: (events) => broker.publish(events),
    tell: (events) => broker.tell(events),
    quota: quotaOf(bounds),
    log,
    graceMs,
    about,
  });
  const interest = new MemoryInterest({
    clock,
    limits: interestLimitsOf(config, bounds),
    publish: (events) => broker.publish(events),
    log,
  });
  const survey = surveyOf(config, parts, registry, NO_OTHER_NODES);
  return { broker, registry, interest, control: new MemoryControl(clock), survey, connections: [] };
}

function redisBackends(config: Config, url: string, parts: BackendParts): Backends {
  const { log, clock, rejected, redaction, formats, about } = parts;
  const { prefix, node: name, presenceGraceMs: graceMs } = config;
  const limits = limitsOf(config);
  const layout = Layout.of(config.shards, config.shardFans);
  const { retainedMaxBytes: maxRetainedBytes } = config;
  const broker = new RedisBroker({
    url,
    prefix,
    node: name,
    clock,
    layout,
    ...limits,
    maxIngressBytes: config.ingressMaxBytes,
    maxRetainedBytes,
    redaction,
    formats: formats.all,
    parse: (body) => formats.parse(body),
    parseLogged: (body) => formats.parseLogged(body),
    report: rejected.report,
    log,
  });
  // The events of the registry and of interest lie in shard 0.
  const own = { ...limits, ...limitsOfShard({ ...limits, maxRetainedBytes }, layout) };
  const scripts = registryScripts(publishing(own), quotaOf(own.bounds), interestLimitsOf(config, own.bounds));
  const common = { url, prefix, commandTimeoutMs: COMMAND_WITHIN_MS, log };
  const commands = new RedisConnection({ ...common, role: 'registry', scripts });
  const subscriber = new RedisConnection({ ...common, role: 'control' });
  const boot = randomUUID();
  const registry = new RedisRegistry({
    connection: commands,
    clock,
    log,
    prefix,
    name,
    boot,
    graceMs,
    about,
  });
  const channel = new RedisSurveyChannel({ prefix, id: registry.id, commands, subscriber, log });
  return {
    broker,
    registry,
    interest: new RedisInterest({ connection: commands, clock, log, prefix, node: registry.id }),
    survey: surveyOf(config, parts, registry, channel),
    control: new RedisControl({ prefix, commands, subscriber, clock, report: rejected.report, log }),
    connections: [commands, subscriber],
  };
}

function surveyOf(
  { node }: Config,
  { log, clock, rejected }: BackendParts,
  directory: NodeDirectory,
  channel: SurveyChannel,
): Survey {
  return new Survey({ channel, directory, node, clock, report: rejected.report, log });
}

/** Opens all connections. @throws BelfryError `unavailable` */
export async function openAll(connections: Backends['connections']): Promise<void> {
  await Promise.all(connections.map((link) => link.open(CONNECT_WITHIN_MS)));
}

export function registryLimitsOf({ connectionsPerPrincipal, connectionsPerAddress }: Config): RegistryLimits {
  return {
    ...(connectionsPerPrincipal !== undefined && { perPrincipal: connectionsPerPrincipal }),
    ...(connectionsPerAddress !== undefined && { perAddress: connectionsPerAddress }),
  };
}
