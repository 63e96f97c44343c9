import { readFileSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import type { Broker, History, Retained } from './broker/broker.ts';
import { MemoryBroker } from './broker/memory.ts';
import { RedisBroker } from './broker/redis.ts';
import { redactionOf } from './config-redaction.ts';
import type { Config } from './config.ts';
import { parseEvent } from './dialects/index.ts';
import { Authenticator } from './gateway/auth.ts';
import { certificate } from './gateway/certificate.ts';
import { Gateway, type Listening } from './gateway/gateway.ts';
import { Heartbeat } from './gateway/heartbeat.ts';
import { TokenIssuer } from './gateway/issuer.ts';
import { metricsOf } from './gateway/metrics.ts';
import { Rubbish } from './gateway/rubbish.ts';
import { Tokens } from './gateway/tokens.ts';
import { Upgrade } from './gateway/upgrade.ts';
import { Users } from './gateway/users.ts';
import { Commands } from './hub/commands.ts';
import { Hub } from './hub/hub.ts';
import { systemClock, type Clock } from './model/clock.ts';
import { CLOSE } from './model/close.ts';
import type { Redaction } from './model/redaction.ts';
import { DEFAULT_RETENTION, Retention } from './model/retention.ts';

export const VERSION = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** One node, running. */
export interface App {
  readonly listening: readonly Listening[];
  readonly hub: Hub;
  /** Takes nothing new, sends what waits, closes every connection, and ends within the drain timeout. */
  stop(): Promise<void>;
}

/**
 * Starts a node: the only place where the rooms meet.
 * @throws BelfryError `config_invalid` or `unavailable`, when it cannot start; nothing is then left running
 */
export async function startApp(
  config: Config,
  log: Logger = logger(config),
  clock: Clock = systemClock,
): Promise<App> {
  const rubbish = new Rubbish(clock, log);
  const redaction = redactionOf(config);
  const broker = brokerOf(config, log, clock, rubbish, redaction);
  const hub = new Hub({
    broker,
    history: broker,
    clock,
    queue: { maxDeliveries: config.queueMaxDeliveries, maxBytes: config.queueMaxBytes },
    writeTimeoutMs: config.writeTimeoutMs,
    recentMaxEvents: config.recentMaxEvents,
    redaction,
  });
  const heartbeat = new Heartbeat(clock);
  const { gateway, upgrade } = gatewayOf(config, log, {
    broker: masking(broker, redaction),
    retained: broker,
    redaction,
    hub,
    heartbeat,
    rubbish,
    clock,
    tls: await certificate(config),
  });
  await hub.start();
  heartbeat.start();
  const stop = once(async (): Promise<void> => {
    upgrade.stop();
    const stopped = gateway.stop();
    await hub.stop(CLOSE.draining);
    await within(config.drainTimeoutMs, stopped, clock);
    heartbeat.stop();
    heartbeat.cutAll();
  });
  try {
    const listening = await gateway.start();
    for (const { url, dialect } of listening) log.info({ url, dialect }, 'listening');
    return { listening, hub, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** JSON lines on standard output; nothing that was sent as a secret is ever handed to it. */
export function logger({ logLevel, node }: Pick<Config, 'logLevel' | 'node'>): Logger {
  return pino({ level: logLevel, base: { node }, redact: ['*.authorization', '*.token', '*.password'] });
}

/** A token signed with the secret of the config. */
export async function signToken(config: Config, token: Parameters<Tokens['sign']>[0]): Promise<string> {
  return new Tokens(config, systemClock).sign(token);
}

interface Parts {
  readonly broker: Broker;
  readonly retained: Retained;
  readonly redaction: Redaction;
  readonly hub: Hub;
  readonly heartbeat: Heartbeat;
  readonly rubbish: Rubbish;
  readonly clock: Clock;
  readonly tls: { readonly key: string; readonly cert: string };
}

function brokerOf(
  config: Config,
  log: Logger,
  clock: Clock,
  rubbish: Rubbish,
  redaction: Redaction,
): Broker & History & Retained {
  const bounds = { maxEvents: config.logMaxEvents, maxAgeMs: config.logMaxAgeMs };
  const retention = new Retention([...config.retention, ...DEFAULT_RETENTION]);
  const { redisUrl: url, prefix, eventMaxBytes: maxEventBytes } = config;
  if (url === undefined) return new MemoryBroker({ clock, bounds, retention, maxEventBytes });
  return new RedisBroker({
    url,
    prefix,
    clock,
    bounds,
    retention,
    maxEventBytes,
    redaction,
    parse: (body) => redaction.mask(parseEvent(body)),
    report: rubbish.report,
    log,
  });
}

/** What nobody may see is masked in whatever this node publishes. */
function masking(broker: Broker, redaction: Redaction): Broker {
  return {
    start: (deliver) => broker.start(deliver),
    publish: (events, key) => {
      const masked = events.map((event) => redaction.mask(event));
      return broker.publish(masked, key);
    },
    ready: () => broker.ready(),
    stop: () => broker.stop(),
  };
}

function gatewayOf(config: Config, log: Logger, parts: Parts): { gateway: Gateway; upgrade: Upgrade } {
  const { broker, retained, redaction, hub, heartbeat, rubbish, clock, tls } = parts;
  const users = new Users(config.users, clock);
  const tokens = new Tokens(config, clock);
  const authenticator = new Authenticator({ users, tokens, roles: config.roles });
  const commands = new Commands({
    hub,
    broker,
    parse: (body) => parseEvent(body),
    authenticate: (token) => authenticator.authenticate({ kind: 'bearer', token }),
    report: ({ remoteAddr, dialect }, error) => {
      if (error.code === 'internal') log.error({ err: error.cause, remoteAddr }, 'command failed');
      else if (Rubbish.is(error)) rubbish.report('socket', error.code, { remoteAddr, dialect: dialect.name });
    },
    maxTopics: config.topicsMax,
    maxPerSecond: config.commandsPerSecond,
  });
  const upgrade = new Upgrade({
    ...config,
    settings: config,
    hub,
    commands,
    heartbeat,
    authenticator,
    rubbish,
    log,
  });
  const issuer = new TokenIssuer(users, tokens, authenticator);
  const rest = {
    ...config,
    hub,
    commands,
    heartbeat,
    broker,
    retained,
    redaction,
    authenticator,
    issuer,
    rubbish,
    admit: () => upgrade.admit(),
    version: VERSION,
  };
  const metrics = metricsOf(hub, rubbish);
  return {
    upgrade,
    gateway: new Gateway({ ...config, tls, upgrade, rest, metrics, ready: () => broker.ready(), log }),
  };
}

/** However often it is asked for, it is done once. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

/** Waits for the work, but not longer than this. */
async function within(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  await Promise.race([work, timeout]);
  cancel();
}
