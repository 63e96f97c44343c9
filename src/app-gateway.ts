import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Broker, BrokerStats, DeadLetterQueue, Retained } from './broker/broker.ts';
import type { Leases } from './broker/leases.ts';
import type { Reshard } from './broker/reshard.ts';
import type { Config } from './config/config.ts';
import { VERSION } from './config/version.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { EventFormats } from './dialects/event-formats.ts';
import { joinedOf, type WorkerPart } from './app-joined.ts';
import { Authenticator } from './gateway/auth/authenticator.ts';
import { TokenIssuer } from './gateway/auth/token-issuer.ts';
import { Tokens } from './gateway/auth/tokens.ts';
import { Users } from './gateway/auth/users.ts';
import type { ConsoleSite } from './gateway/console/console-site.ts';
import { Gateway } from './gateway/gateway.ts';
import { answerQuestions } from './gateway/rest/node-questions.ts';
import { readinessOf } from './gateway/rest/readiness.ts';
import { ReadLimiter } from './gateway/rest/read-limiter.ts';
import { answerShards } from './gateway/rest/shards-routes.ts';
import type { ApiConnections } from './gateway/rest/api-connections.ts';
import { goingAway, type Admission } from './gateway/sockets/admission.ts';
import { HandshakeRateLimit } from './gateway/sockets/handshake-rate-limit.ts';
import type { Heartbeat } from './gateway/sockets/heartbeat.ts';
import { Upgrade } from './gateway/sockets/upgrade.ts';
import { Commands } from './hub/commands.ts';
import type { Hub } from './hub/hub.ts';
import type { Clock } from './model/clock.ts';
import type { Redaction } from './model/redaction.ts';
import type { Control } from './registry/control.ts';
import type { Interest } from './registry/interest.ts';
import type { NodeWarning } from './registry/node-watch.ts';
import type { NodeDirectory, OwnReport } from './registry/node-directory.ts';
import type { PresenceReader, Registry } from './registry/registry.ts';
import type { Survey } from './registry/survey.ts';
import { McpCalls } from './telemetry/mcp-calls.ts';
import { metricsOf } from './telemetry/metrics.ts';
import { countSpans, type SpanExporter } from './telemetry/otlp.ts';
import { RejectedInput } from './telemetry/rejected-input.ts';

/* The entry points of a node for clients (sockets, REST routes and metrics), and what finds out who a client is. */

export interface GatewayParts {
  /** Every dialect, whether the settings serve it or not. */
  readonly known: readonly Dialect[];
  readonly formats: EventFormats;
  readonly broker: Broker;
  readonly exporter: SpanExporter | undefined;
  readonly retained: Retained;
  readonly deadLetters: DeadLetterQueue;
  readonly leases: Leases;
  readonly shards: Reshard;
  readonly brokerStats: () => BrokerStats;
  readonly warnings: () => readonly NodeWarning[];
  readonly othersAreReady: () => boolean;
  readonly redaction: Redaction;
  readonly hub: Pick<Hub, 'cohorts' | 'connections' | 'delivery' | 'eventLog' | 'flow' | 'stats' | 'topics'>;
  readonly admission: Admission;
  readonly heartbeat: Heartbeat;
  readonly rejected: RejectedInput;
  readonly clock: Clock;
  readonly registry: Registry & PresenceReader & NodeDirectory;
  readonly control: Control;
  readonly interest: Pick<Interest, 'stats'>;
  readonly survey: Survey;
  readonly about: OwnReport;
  readonly api: ApiConnections;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly site: ConsoleSite;
  /** Present when the node is a worker. */
  readonly worker: WorkerPart | undefined;
}

export function gatewayOf(config: Config, log: Logger, parts: GatewayParts): Gateway {
  const { known, formats, broker, hub, admission, heartbeat, rejected, clock, control, tls, site } = parts;
  const dialects = known.filter(({ name }) => config.dialects.includes(name));
  const { cohorts, connections, delivery, eventLog, flow, stats, topics } = hub;
  const users = new Users(config.users, {
    clock,
    report: (code, about) => rejected.report('sign-in', code, about),
  });
  const tokens = new Tokens(config, clock, {
    isRevoked: (identity) => control.isRevoked(identity),
    report: (err) => log.warn({ err }, "the issuer's keys cannot be fetched; those that are known stay"),
  });
  const authenticator = new Authenticator({ users, tokens, roles: config.roles });
  const commands = new Commands({
    connections,
    delivery,
    eventLog,
    stats,
    clock,
    broker,
    parse: (body) => formats.parse(body),
    authenticate: (token) => authenticator.authenticate({ kind: 'bearer', token }),
    report: ({ remoteAddr, dialect }, error) => {
      if (error.code === 'internal') log.error({ err: error.cause, remoteAddr }, 'command failed');
      else if (RejectedInput.is(error))
        rejected.report('socket', error.code, { remoteAddr, dialect: dialect.name });
    },
    maxTopics: config.topicsMax,
    maxPerSecond: config.commandsPerSecond,
  });
  const upgrade = new Upgrade({
    ...config,
    dialects,
    settings: config,
    connections,
    eventLog,
    clock,
    admission,
    handshakeRate: new HandshakeRateLimit(config.handshakesPerMinutePerAddress, clock),
    commands,
    heartbeat,
    authenticator,
    rejected,
    log,
    newId: randomUUID,
  });
  const issuer = new TokenIssuer({ ...config, users, tokens, authenticator, clock });
  const { survey, brokerStats, registry, about } = parts;
  answerQuestions(survey, {
    connections,
    cohorts,
    eventLog,
    formats,
    topics,
    flow,
    stats,
    brokerStats,
    registry,
    about,
  });
  answerShards(survey, parts.shards);
  const mcpCalls = new McpCalls();
  const rest = {
    ...config,
    ...parts,
    dialects,
    connections,
    delivery,
    eventLog,
    topics,
    commands,
    newId: randomUUID,
    authenticator,
    issuer,
    refused: upgrade.refused,
    mcp: config.mcp === 'on',
    mcpCalls,
    reads: new ReadLimiter({ ...config, clock }),
    version: VERSION,
  };
  const ready = async (): Promise<void> => {
    if (admission.isStopped) throw goingAway();
    await broker.ready();
  };
  const metrics = metricsOf({
    ...config,
    ...parts,
    worker: parts.worker?.number,
    stats,
    connections,
    refused: upgrade.refused,
    mcpCalls,
    version: VERSION,
  });
  if (parts.exporter !== undefined) countSpans(parts.exporter, metrics);
  const isLeaving = (): boolean => admission.isStopped;
  const readiness = () => readinessOf({ ...parts, ready, isLeaving });
  const operators = joinedOf(parts.worker, { metrics, readiness, isLeaving });
  return new Gateway({ ...config, tls, site, upgrade, rest, operators, log });
}
