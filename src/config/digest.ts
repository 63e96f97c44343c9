import { createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Config } from './config.ts';
import { settingName } from './names.ts';
import type { Settings } from './schema.ts';

type Field = keyof Settings;

/** What each node may have for itself; all else nodes that share a Redis should have alike. */
const OF_ONE_NODE: ReadonlySet<Field> = new Set([
  // Who it is, and how it is reached.
  'node',
  'listen',
  'tlsCert',
  'tlsKey',
  // Another way to the same Redis. Nodes of another prefix never meet.
  'redisUrl',
  'prefix',
  // What it tells to whom looks after it.
  'logLevel',
  'otlpUrl',
  'otlpTracesUrl',
  'otlpHeaders',
  'otlpTimeoutMs',
  'otlpServiceName',
  'traceRatio',
]);

/** Those of them that hold a secret. */
const SECRET: ReadonlySet<Field> = new Set(['jwtSecret', 'users', 'jwksUrl']);

const HASH_CHARACTERS = 8;
const scryptOf = promisify<string, string, number, Buffer>(scrypt);

export interface SettingsDigest {
  /** Equal where all shared settings are. */
  readonly digest: string;
  /** A short hash of each, by its name in the environment. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * What other nodes may know of the settings of this one: enough to see which differ, and too little to find a value. A
 * secret is hashed as a password is, since many are short enough to be guessed.
 */
export async function digestOf(config: Config): Promise<SettingsDigest> {
  const shared = (Object.keys(config.sources) as Field[]).filter((field) => !OF_ONE_NODE.has(field));
  const hashes = await Promise.all(
    shared.map(async (field) => [settingName(field), await hashOf(field, config)] as const),
  );
  const settings = Object.fromEntries(hashes);
  return { digest: shortHash(JSON.stringify(hashes)), settings };
}

async function hashOf(field: Field, config: Config): Promise<string> {
  const text = JSON.stringify(config[field]) ?? '';
  if (text === '' || !SECRET.has(field)) return shortHash(text);
  const key = await scryptOf(text, `belfry ${field}`, 16);
  return key.toString('base64url').slice(0, HASH_CHARACTERS);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, HASH_CHARACTERS);
}
