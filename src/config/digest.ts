import { createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Config } from './config.ts';
import { settingName } from './names.ts';
import type { Settings } from './schema.ts';

type Field = keyof Settings;

/** The settings that may differ from node to node. Nodes that share a Redis should agree on all other settings. */
const OF_ONE_NODE: ReadonlySet<Field> = new Set([
  // The name of the node, and how it is reached.
  'node',
  'listen',
  'workers',
  'reusePort',
  'tlsCert',
  'tlsKey',
  'console',
  // Nodes may reach the same Redis by different URLs. Nodes with different prefixes never meet.
  'redisUrl',
  'prefix',
  // What the node reports to its operators.
  'logLevel',
  'otlpUrl',
  'otlpTracesUrl',
  'otlpHeaders',
  'otlpTimeoutMs',
  'otlpServiceName',
  'traceRatio',
]);

/** The shared settings that hold a secret. */
const SECRET: ReadonlySet<Field> = new Set(['jwtSecret', 'users', 'jwksUrl']);

const HASH_CHARACTERS = 8;
const scryptOf = promisify<string, string, number, Buffer>(scrypt);

export interface SettingsDigest {
  /** Two nodes have the same digest when all their shared settings are equal. */
  readonly digest: string;
  /** A short hash of each shared setting, by the name of the setting in the environment. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * What other nodes may know of the settings of this node. It is enough to see which settings differ, and too little to
 * find a value. A secret is hashed like a password, since many secrets are short enough to be guessed.
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
