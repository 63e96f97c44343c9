import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { clockSpreadMs } from './broker/broker-stats.ts';
import { waitForRedis } from './broker/wait-for-redis.ts';
import { logger } from './app-log.ts';
import { CONSOLE_HOME, consoleOf } from './app-console.ts';
import type { WorkerPart } from './app-joined.ts';
import { exporterOf } from './app-traces.ts';
import { ownReport } from './app-report.ts';
import { backendsOf, openAll, registryLimitsOf } from './app-backends.ts';
import { gatewayOf } from './app-gateway.ts';
import { redactionOf } from './config/redaction.ts';
import type { Config } from './config/config.ts';
import { changedSettings } from './config/description.ts';
import { VERSION } from './config/version.ts';
import type { Dialect } from './dialects/dialect.ts';
import { EventFormats } from './dialects/event-formats.ts';
import { DIALECTS } from './dialects/index.ts';
import { Admission } from './gateway/sockets/admission.ts';
import { ApiConnections } from './gateway/rest/api-connections.ts';
import { certificate, type Certificate } from './gateway/http/certificate.ts';
import type { Listening } from './gateway/http/listener.ts';
import { Heartbeat } from './gateway/sockets/heartbeat.ts';
import { ControlHandler } from './gateway/rest/control-handler.ts';
import { RejectedInput } from './telemetry/rejected-input.ts';
import { Tracer } from './telemetry/tracing.ts';
import { drain } from './hub/drain.ts';
import { Hub } from './hub/hub.ts';
import { InterestRules } from './model/interest.ts';
import { systemClock, within, type Clock } from './model/clock.ts';
import { CLOSE, type Close } from './model/close-codes.ts';
import { NodeWatch } from './registry/node-watch.ts';
import { bound } from './model/bound.ts';

/** How long a starting node waits until Redis accepts it. */
const REDIS_WITHIN_MS = bound('time for Redis at the start', 10_000, 'ms', 'the node ends and says why');

/** A node ends even if Redis hangs. The other nodes then take over its connections as from a node that was killed. */
const HAND_OVER_MS = bound('time for a node to hand over', 5_000, 'ms', 'others take over what it held');

/** A running node. */
export interface App {
  readonly listening: readonly Listening[];
  /**
   * The content of one line of the log: version, digest of the settings, listeners, and the settings that somebody
   * gave.
   */
  readonly started: Readonly<Record<string, unknown>>;
  readonly hub: Hub;
  /** The certificate of its TLS listeners. */
  readonly certificate: Certificate;
  /** Builds the console in a process of its own, if it is to be served and its sources are newer than what was built. */
  buildConsole(): void;
  /**
   * Stops the node. From then on it is not ready and takes no new connections. It sends what waits, and closes each
   * connection at some moment of the window, or all at once without a window. It ends within the window, the drain
   * timeout and the time that it needs to hand over. `alone` means that other processes go on with its listeners, so it
   * closes these at once; otherwise new connections learn until the end that the node is going away.
   */
  stop(windowMs?: number, why?: Close, alone?: boolean): Promise<void>;
}

/**
 * Starts a node. This is the only place that connects the rooms.
 * @throws BelfryError `config_invalid` or `unavailable`, when it cannot start; nothing is then left running
 */
export async function startApp(
  config: Config,
  log: Logger = logger(config),
  clock: Clock = systemClock,
  dialects: readonly Dialect[] = DIALECTS,
  consoleHome: URL = CONSOLE_HOME,
  worker?: WorkerPart,
): Promise<App> {
  const own = await ownReport(config, clock, () => ({
    connections: hub.connections.size,
    ...hub.traffic.rates,
    ready: !admission.isStopped && backend.brokerStats.isHealthy,
    warnings: watch.warnings.map(({ message }) => message),
  }));
  const { digest } = own;
  const rejected = new RejectedInput(clock, log);
  const redaction = redactionOf(config);
  const formats = new EventFormats(dialects);
  const backends = backendsOf(config, { log, clock, rejected, redaction, formats, about: own });
  const { broker: backend, registry, interest, control, survey, connections: redis } = backends;
  const exporter = exporterOf(config, log, clock);
  const tracer = exporter && new Tracer({ exporter, clock, ratio: config.traceRatio });
  const broker = tracer?.traced(backend) ?? backend;
  const watch = new NodeWatch({
    directory: registry,
    own,
    hasShards: () => !backend.layout.isSingle,
    clockSpreadMs: () => clockSpreadMs(backend.brokerStats.shards),
    clock,
    log,
  });
  const hub = new Hub({
    ...config,
    broker,
    shards: backend,
    history: backend,
    clock,
    queue: { maxDeliveries: config.queueMaxDeliveries, maxBytes: config.queueMaxBytes },
    redaction,
    fault: (error) => log.error({ err: error }, 'an event could not be delivered to some connections'),
    registry,
    registryLimits: registryLimitsOf(config),
    interestRules: new InterestRules(config.interest),
    interest,
  });
  const heartbeat = new Heartbeat(clock);
  const api = new ApiConnections({ ...config, registry, clock, newId: randomUUID });
  const controlHandler = new ControlHandler({
    connections: hub.connections,
    api,
    control,
    clock,
    node: config.node,
  });
  const admission = new Admission({ ...config, connections: hub.connections });
  const { site, build: buildConsole, stop: stopConsole } = consoleOf(config, log, clock, consoleHome);
  const tls = worker?.certificate ?? (await certificate(config));
  const gateway = gatewayOf(config, log, {
    known: dialects,
    formats,
    broker,
    exporter,
    retained: backend,
    deadLetters: backend.deadLetters,
    leases: backend.leases,
    shards: backend,
    brokerStats: () => backend.brokerStats,
    warnings: () => watch.warnings,
    othersAreReady: () => watch.othersAreReady,
    redaction,
    hub,
    admission,
    heartbeat,
    rejected,
    clock,
    registry,
    control,
    interest,
    survey,
    about: own,
    api,
    tls,
    site,
    worker,
  });
  const handOver = async (): Promise<void> => {
    watch.stop();
    await controlHandler.stop();
    await survey.stop();
    await interest.stop();
    await registry.stop();
    await hub.stop();
    await exporter?.stop();
    await Promise.all(redis.map((link) => link.close()));
  };
  let isStarted = false;
  const leave = async (windowMs: number, why: Close, alone: boolean): Promise<void> => {
    // If a node could not start, the reason is the important line.
    const level = isStarted ? 'info' : 'debug';
    log[level]({ connections: hub.connections.size, windowMs, code: why.code }, 'draining');
    admission.stop();
    if (alone) gateway.closeListeners();
    stopConsole();
    hub.delivery.flush();
    // Until all are gone the gateway still answers, so that a load balancer sees that the node is not ready.
    const gone = Promise.all([
      drain(hub.connections, { clock, windowMs, why, random: Math.random }),
      gateway.leave(windowMs),
    ]).then(() => gateway.stop());
    await within(windowMs + config.drainTimeoutMs, gone, clock);
    log[level]({ connections: hub.connections.size }, 'drained');
    void gateway.stop();
    heartbeat.stop();
    heartbeat.cutAll();
    await within(HAND_OVER_MS, handOver(), clock);
    log[level]('stopped');
  };
  let left: Promise<void> | undefined;
  const stop = (windowMs = 0, why: Close = CLOSE.draining, alone = false): Promise<void> =>
    (left ??= leave(windowMs, why, alone));
  if (config.redisUrl !== undefined) {
    await waitForRedis({ url: config.redisUrl, log, clock, withinMs: REDIS_WITHIN_MS });
  }
  await hub.start();
  heartbeat.start();
  try {
    await openAll(redis);
    await registry.start();
    await interest.start();
    watch.start();
    await controlHandler.start();
    await survey.start();
    const listening = await gateway.start();
    isStarted = true;
    const listeners = Object.fromEntries(listening.map(({ url, dialect }) => [url, dialect]));
    const started = { version: VERSION, digest, listening: listeners, settings: changedSettings(config) };
    return { listening, started, hub, certificate: tls, buildConsole, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
