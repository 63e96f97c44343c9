/** The settings as people read them in `belfry check`, in the log and in the documentation. */
import { readFileSync } from 'node:fs';
import { DIALECTS } from '../dialects/index.ts';
import { bound } from '../model/bound.ts';
import { isJsonObject } from '../model/json.ts';
import { withoutPasswords } from '../model/redis-url.ts';
import { FIELDS, type Config, type Field, type Source } from './config.ts';
import { settingName } from './names.ts';
import { settingsSchema, type Settings } from './schema.ts';

const SECRET = '***';
/** How much of a value the log shows, since a certificate is longer than anybody reads there. */
const SHOWN_CHARACTERS = bound('value of a setting in the log', 500, 'characters', 'it is cut there');

/** One line of `belfry check`. */
export interface SettingLine {
  readonly name: string;
  /** The value as the environment would hold it. A secret is shown as `***`; a setting without a value is empty. */
  readonly value: string;
  readonly source: Source;
  readonly description: string;
}

/** Every setting as the node will use it, for `belfry check` and the documentation. */
export function describeConfig(config: Config, dialects = DIALECTS): SettingLine[] {
  const { shape } = settingsSchema(readFileSync, dialects);
  const disguised = disguises(config);
  return FIELDS.map((field) => ({
    name: settingName(field),
    value: config[field] === undefined ? '' : (disguised[field] ?? asText(config[field])),
    source: config.sources[field],
    description: shape[field].description ?? '',
  }));
}

/** The settings that somebody gave, for the log. They look as `belfry check` shows them, with secrets hidden. */
export function changedSettings(config: Config): Readonly<Record<string, string>> {
  const given = describeConfig(config).filter(({ source }) => source === 'environment' || source === 'file');
  return Object.fromEntries(given.map(({ name, value }) => [name, value.slice(0, SHOWN_CHARACTERS)]));
}

/** For settings that hold a secret or have a format of their own: the text that is shown instead of the value. */
function disguises({
  listen,
  redisUrl,
  otlpUrl,
  otlpTracesUrl,
  otlpHeaders,
  jwksUrl,
  anonymous,
  users,
}: Config): {
  readonly [Name in Field]?: string;
} {
  return {
    listen: listen.map(listenerText).join(','),
    anonymous: anonymous.join(',') || 'none',
    ...(redisUrl !== undefined && { redisUrl: withoutPasswords(redisUrl) }),
    ...(otlpUrl !== undefined && { otlpUrl: withoutQuery(otlpUrl) }),
    ...(otlpTracesUrl !== undefined && { otlpTracesUrl: withoutQuery(otlpTracesUrl) }),
    ...(jwksUrl !== undefined && { jwksUrl: withoutQuery(jwksUrl) }),
    users: JSON.stringify(users.map((user) => ({ ...user, password: SECRET }))),
    otlpHeaders: Object.keys(otlpHeaders).length > 0 ? SECRET : '',
    jwtSecret: SECRET,
    tlsKey: SECRET,
  };
}

/** The URL of a collector or an issuer may carry a key as a parameter. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/, `?${SECRET}`);
}

function asText(value: unknown): string {
  if (Array.isArray(value) && !value.some(isJsonObject)) return value.map(String).join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function listenerText({ host, port, dialect, tls }: Settings['listen'][number]): string {
  const address = host?.includes(':') ? `[${host}]` : host;
  return `${address === undefined ? '' : `${address}:`}${port}=${dialect}${tls ? '+tls' : ''}`;
}
