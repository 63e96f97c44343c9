import { createHmac, randomBytes } from 'node:crypto';
import { UsageError } from '../cli/errors.ts';

const PREFIX = 'whsec_';
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** Secrets of Standard Webhooks: each is `whsec_` and 24 to 64 bytes as base64. */
export type Secrets = readonly [string, ...string[]];

export function newSecret(): string {
  return PREFIX + randomBytes(MIN_SECRET_BYTES).toString('base64');
}

/**
 * Reads secrets with white space between them. While a secret is replaced there are two, and each delivery is signed with both.
 * @throws UsageError
 */
export function readSecrets(text: string): Secrets {
  const [first, ...others] = text.split(/\s+/).filter((secret) => secret !== '');
  if (first === undefined)
    throw new UsageError(`There is no secret. Expected ${PREFIX}… as Standard Webhooks says.`);
  return [checked(first), ...others.map(checked)];
}

/** The header `webhook-signature`: a signature for each secret, of which a receiver has to know one. */
export function signatures(secrets: Secrets, id: string, timestamp: string, body: string): string {
  const signed = `${id}.${timestamp}.${body}`;
  return secrets.map((secret) => `v1,${hmac(keyOf(secret), signed).toString('base64')}`).join(' ');
}

function hmac(key: Buffer, signed: string): Buffer {
  return createHmac('sha256', key).update(signed).digest();
}

function checked(secret: string): string {
  const { length } = keyOf(secret);
  const isUsable = secret.startsWith(PREFIX) && length >= MIN_SECRET_BYTES && length <= MAX_SECRET_BYTES;
  if (isUsable) return secret;
  throw new UsageError(
    `The secret is not usable. Expected ${PREFIX} and ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes as base64, as Standard Webhooks says.`,
  );
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}
