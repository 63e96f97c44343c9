import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { bound } from './bound.ts';

interface Hash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

const HASH = /^scrypt:(\d{1,6}):(\d{1,2}):(\d{1,2}):([\w-]{16,128}):([\w-]{22,128})$/;
/** One check takes about 50 ms of a core and 16 MiB. */
const STANDARD = { cost: 16_384, blockSize: 8, parallel: 1 };
const MAX_MEMORY_BYTES = bound(
  'memory to check one password',
  128 * 1_024 * 1_024,
  'bytes',
  'a hash that takes more is refused at the start',
);

/** Hashes a password for the configuration: `scrypt:<N>:<r>:<p>:<salt>:<hash>`, the last two in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const { cost, blockSize, parallel } = STANDARD;
  const salt = randomBytes(16);
  const key = await derive(password, { ...STANDARD, salt, key: Buffer.alloc(32) });
  return ['scrypt', cost, blockSize, parallel, salt.toString('base64url'), key.toString('base64url')].join(
    ':',
  );
}

/**
 * Whether a password matches a hash. It takes equally long for a wrong password and the right one. A text that is not
 * a hash matches no password.
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  return parsed !== undefined && timingSafeEqual(await derive(password, parsed), parsed.key);
}

/** Whether a text is a hash that this node can check within {@link MAX_MEMORY_BYTES}. */
export function isPasswordHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

function parseHash(text: string): Hash | undefined {
  const [, cost, blockSize, parallel, salt = '', key = ''] = HASH.exec(text) ?? [];
  const [N, r, p] = [Number(cost), Number(blockSize), Number(parallel)];
  const usable =
    N >= 1_024 && (N & (N - 1)) === 0 && r >= 1 && p >= 1 && p <= 16 && 128 * N * r <= MAX_MEMORY_BYTES;
  if (!usable) return undefined;
  return {
    cost: N,
    blockSize: r,
    parallel: p,
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
}

function derive(password: string, { cost, blockSize, parallel, salt, key }: Hash): Promise<Buffer> {
  // OpenSSL counts the table, the blocks and two more blocks.
  const maxmem = 128 * blockSize * (cost + parallel + 2);
  const options = { cost, blockSize, parallelization: parallel, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, key.length, options, (error, derived) =>
      error ? reject(error) : resolve(derived),
    );
  });
}
