import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gather, type Given, type GivenSource } from './sources.ts';
import { settingName } from './names.ts';
import type { ReadText } from './forms.ts';
import { canReusePort } from './listening.ts';
import { idleExceptions } from './redaction.ts';
import { settingsSchema, type Settings } from './schema.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { DIALECTS } from '../dialects/index.ts';
import { ADMIN } from '../model/principal.ts';
import { BelfryError } from '../model/errors.ts';

export type { Endpoint } from './schema.ts';

export type Field = keyof Settings;
export type Source = GivenSource | 'made' | 'default';

export interface Config extends Settings {
  /** Whether somebody named the listeners. If so, an occupied port is an error; otherwise it is a warning. */
  readonly listenGiven: boolean;
  /** Whether {@link Settings.jwtSecret} was made for the lifetime of this process, because nobody gave one. */
  readonly secretMade: boolean;
  /** Where each setting came from. */
  readonly sources: Readonly<Record<Field, Source>>;
}

export const FIELDS = Object.keys(settingsSchema(readFileSync, DIALECTS).shape) as Field[];

/**
 * The settings of the environment and, where it names none, of the YAML file. An empty variable counts as absent.
 * @throws BelfryError `config_invalid`, which lists everything that is wrong at once and repeats no secret
 */
export function loadConfig(
  env: NodeJS.ProcessEnv,
  readFile: ReadText = readFileSync,
  dialects: readonly Dialect[] = DIALECTS,
): Config {
  const { values, problems } = gather(env, readFile, FIELDS);
  const schema = settingsSchema(readFile, dialects);
  const given = Object.fromEntries([...values].map(([field, { value }]) => [field, value]));
  const first = schema.safeParse(given);
  const bad = new Set(first.error?.issues.map(({ path }) => String(path[0])));
  for (const { path, message } of first.error?.issues ?? []) {
    const [field, ...inner] = path.map(String);
    const { written = settingName(String(field)), source = 'default' } = values.get(String(field)) ?? {};
    problems.push(`${[written, ...inner].join('.')} (${source}) ${message}.`);
  }
  // Every setting may be absent, so the settings that are right can be compared with each other without the wrong ones.
  const settings = schema.parse(
    Object.fromEntries(Object.entries(given).filter(([field]) => !bad.has(field))),
  );
  problems.push(...disagreements(settings, new Set(values.keys()), bad));
  if (problems.length > 0) {
    const count = `${problems.length} setting${problems.length === 1 ? ' is' : 's are'} wrong`;
    throw new BelfryError('config_invalid', `${count}:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
  return complete(settings, values);
}

/**
 * Finds settings that are right by themselves and do not fit together. A setting that is wrong by itself is not
 * compared.
 */
function* disagreements(
  settings: Settings,
  given: ReadonlySet<string>,
  bad: ReadonlySet<string>,
): Iterable<string> {
  if (given.has('redisUrl') && !keyGiven(given)) {
    yield (
      'BELFRY_JWT_SECRET is missing: nodes that share a Redis must check tokens by the same key. ' +
      'Expected BELFRY_JWT_SECRET (`openssl rand -hex 32` makes one), BELFRY_JWT_PUBLIC_KEY or BELFRY_JWKS_URL.'
    );
  }
  if (settings.workers > 1 && !given.has('redisUrl')) {
    yield (
      `BELFRY_WORKERS is ${settings.workers}, but without a Redis the processes could not share their events. ` +
      'Expected BELFRY_REDIS_URL, or BELFRY_WORKERS=1.'
    );
  }
  if (settings.reusePort === 'on') yield* portNotReusable(settings, given);
  if (given.has('tlsCert') !== given.has('tlsKey')) {
    const absent = settingName(given.has('tlsCert') ? 'tlsKey' : 'tlsCert');
    yield `${absent} is missing. Expected certificate and key, or neither to have them made.`;
  }
  const { tlsCert, tlsKey, users, roles } = settings;
  if (tlsCert && tlsKey && !new X509Certificate(tlsCert).checkPrivateKey(createPrivateKey(tlsKey))) {
    yield 'BELFRY_TLS_KEY is not the key of BELFRY_TLS_CERT. Expected a pair.';
  }
  yield* unserved(settings, given);
  yield* idleExceptions(settings);
  const known = new Set([ADMIN, ...Object.keys(roles)]);
  for (const [index, user] of bad.has('roles') ? [] : users.entries()) {
    for (const role of user.roles?.filter((name) => !known.has(name)) ?? []) {
      yield `BELFRY_USERS.${index}.roles holds "${role}". Expected roles that BELFRY_ROLES defines: ${[...known].join(', ')}.`;
    }
  }
}

/** Finds what keeps this process from sharing its ports with others. */
function* portNotReusable({ workers }: Settings, given: ReadonlySet<string>): Iterable<string> {
  if (!canReusePort(process.versions.node))
    yield `BELFRY_REUSE_PORT is on, and Node ${process.versions.node} cannot share a port. Expected Node 22.12, 23.1 or later.`;
  if (!given.has('redisUrl'))
    yield 'BELFRY_REUSE_PORT is on, but without a Redis the processes could not share their events. Expected BELFRY_REDIS_URL.';
  if (workers > 1)
    yield `BELFRY_REUSE_PORT is on, and BELFRY_WORKERS is ${workers}. Expected one of the two: the supervisor of workers hands out the connections itself.`;
}

/** Finds listeners and permissions for dialects that are not served, since these would have no effect. */
function* unserved({ dialects, listen, anonymous }: Settings, given: ReadonlySet<string>): Iterable<string> {
  const served = new Set<string>(dialects);
  const named = { listen: listen.map(({ dialect }) => dialect), anonymous };
  for (const field of ['listen', 'anonymous'] as const) {
    const missing = given.has(field)
      ? named[field].filter((name) => name !== 'metrics' && !served.has(name))
      : [];
    if (missing.length === 0) continue;
    yield `${settingName(field)} names ${missing.join(', ')}, which BELFRY_DIALECTS does not name. Expected it there as well.`;
  }
}

function keyGiven(given: ReadonlySet<string>): boolean {
  return given.has('jwtSecret') || given.has('jwtPublicKey') || given.has('jwksUrl');
}

function complete(settings: Settings, values: Given['values']): Config {
  const secretMade = !keyGiven(new Set(values.keys()));
  const sources = Object.fromEntries(
    FIELDS.map((field) => [field, values.get(field)?.source ?? 'default']),
  ) as Record<Field, Source>;
  return {
    ...settings,
    ...(secretMade && { jwtSecret: randomBytes(32).toString('hex') }),
    listenGiven: values.has('listen'),
    secretMade,
    sources: {
      ...sources,
      ...(secretMade && { jwtSecret: 'made' }),
      ...(!values.has('node') && { node: 'made' }),
    },
  };
}
