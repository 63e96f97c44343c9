import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Broker, DeadLetterQueue, BrokerStats, History, Retained } from './broker/broker.ts';
import { MemoryBroker } from './broker/memory.ts';
import { RedisConnection } from './broker/redis-connection.ts';
import { publishing } from './broker/redis-scripts.ts';
import { RedisBroker } from './broker/redis.ts';
import type { Config } from './config/config.ts';
import { FORMATS } from './dialects/formats.ts';
import { parseEvent, parseLogged } from './dialects/index.ts';
import type { RejectedInput } from './telemetry/rejected-input.ts';
import type { Clock } from './model/clock.ts';
import type { NewEvent } from './model/event.ts';
import type { Redaction } from './model/redaction.ts';
import { DEFAULT_RETENTION, Retention } from './model/retention.ts';
import type { Control } from './registry/control.ts';
import { MemoryControl } from './registry/memory-control.ts';
import type { NodeDirectory, OwnReport } from './registry/nodes.ts';
import { quotaOf } from './registry/quota.ts';
import { MemoryRegistry } from './registry/memory.ts';
import { RedisControl } from './registry/redis-control.ts';
import { registryScripts } from './registry/redis-names.ts';
import { RedisRegistry } from './registry/redis.ts';
import type { Attendance, Lifecycle, Registry, RegistryLimits } from './registry/registry.ts';
import { bound } from './model/bound.ts';

/* What a node has in two variants: for itself alone, and for nodes that share a Redis. */

const CONNECT_WITHIN_MS = bound(
  'time to connect to Redis at the start',
  10_000,
  'ms',
  'the node ends with what stood in its way',
);
const COMMAND_WITHIN_MS = bound(
  'time for a command of the registry at Redis',
  5_000,
  'ms',
  'it counts as failed, and is made good at the next renewal of the lease',
);

/** Of the log, and of what is put into it. */
function limitsOf({ logMaxEvents, logMaxBytes, logMaxAgeMs, eventMaxBytes, retention }: Config) {
  return {
    bounds: { maxEvents: logMaxEvents, maxBytes: logMaxBytes, maxAgeMs: logMaxAgeMs },
    retention: new Retention([...retention, ...DEFAULT_RETENTION]),
    maxEventBytes: eventMaxBytes,
  };
}

export type HubBroker = Broker &
  History &
  Retained & {
    readonly deadLetters: DeadLetterQueue;
    readonly brokerStats: BrokerStats;
    /** Delivers events that enter no log; absent where the registry does so by itself. */
    tell?(events: readonly NewEvent[]): Promise<void>;
  };

export function brokerOf(
  config: Config,
  log: Logger,
  clock: Clock,
  rejected: RejectedInput,
  redaction: Redaction,
): HubBroker {
  const {
    redisUrl: url,
    prefix,
    node,
    ingressMaxBytes: maxIngressBytes,
    retainedMaxBytes: maxRetainedBytes,
  } = config;
  const limits = limitsOf(config);
  if (url === undefined) return new MemoryBroker({ clock, ...limits, maxRetainedBytes });
  return new RedisBroker({
    url,
    prefix,
    node,
    clock,
    ...limits,
    maxIngressBytes,
    maxRetainedBytes,
    redaction,
    formats: FORMATS,
    parse: (body) => redaction.mask(parseEvent(body)),
    parseLogged: (body) => redaction.mask(parseLogged(body)),
    report: rejected.report,
    log,
  });
}

/** The registry, and how operators reach it. */
export interface RegistryParts {
  readonly registry: Registry & Attendance & NodeDirectory & Lifecycle;
  readonly control: Control;
  /** To be opened before, and closed after them. */
  readonly connections: readonly RedisConnection[];
}

export function registryOf(
  config: Config,
  log: Logger,
  clock: Clock,
  rejected: RejectedInput,
  published: Published,
  about: OwnReport,
): RegistryParts {
  const { redisUrl: url, prefix, node: name, presenceGraceMs: graceMs } = config;
  const quota = quotaOf(limitsOf(config).bounds);
  if (url === undefined) {
    const publish = (events: readonly NewEvent[]): Promise<unknown> => published.publish(events);
    const tell = (events: readonly NewEvent[]): Promise<unknown> => published.tell(events);
    const registry = new MemoryRegistry({ clock, publish, tell, quota, log, graceMs, about });
    return { registry, control: new MemoryControl(clock), connections: [] };
  }
  const scripts = registryScripts(publishing(limitsOf(config)), quota);
  const common = { url, prefix, commandTimeoutMs: COMMAND_WITHIN_MS, log };
  const commands = new RedisConnection({ ...common, role: 'registry', scripts });
  const subscriber = new RedisConnection({ ...common, role: 'control' });
  const boot = randomUUID();
  return {
    registry: new RedisRegistry({ connection: commands, clock, log, prefix, name, boot, graceMs, about }),
    control: new RedisControl({ prefix, commands, subscriber, clock, report: rejected.report, log }),
    connections: [commands, subscriber],
  };
}

/** @throws BelfryError `unavailable` */
export async function openAll(connections: RegistryParts['connections']): Promise<void> {
  await Promise.all(connections.map((link) => link.open(CONNECT_WITHIN_MS)));
}

export function registryLimitsOf({ connectionsPerPrincipal, connectionsPerAddress }: Config): RegistryLimits {
  return {
    ...(connectionsPerPrincipal !== undefined && { perPrincipal: connectionsPerPrincipal }),
    ...(connectionsPerAddress !== undefined && { perAddress: connectionsPerAddress }),
  };
}

export type Published = Broker & Required<Pick<HubBroker, 'tell'>>;

/** What nobody may see is masked in whatever this node publishes and tells. */
export function masking(broker: HubBroker, redaction: Redaction): Published {
  const masked = (events: readonly NewEvent[]): NewEvent[] => events.map((event) => redaction.mask(event));
  return {
    start: (deliver) => broker.start(deliver),
    publish: (events, once) => broker.publish(masked(events), once),
    tell: async (events) => broker.tell?.(masked(events)),
    ready: () => broker.ready(),
    stop: () => broker.stop(),
  };
}
