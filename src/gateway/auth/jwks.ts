import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { textWithin } from '../../model/response-text.ts';
import { algorithmsOf } from '../../model/signature-algorithms.ts';

/** How long keys count as fresh. Older keys are still used, and fetched again in the background. */
const FRESH_MS = bound(
  'time for which the keys of an issuer count as fresh',
  10 * 60_000,
  'ms',
  'they are fetched again, and stay until that worked',
);
const ASK_EVERY_MS = bound(
  'time between two requests to the issuer of tokens',
  30_000,
  'ms',
  'tokens are checked by the keys that are known',
);
const TIMEOUT_MS = bound('time that the issuer takes to answer', 5_000, 'ms', 'the known keys stay');
const MAX_BYTES = bound('bytes of a key set (JWKS)', 1_048_576, 'bytes', 'the known keys stay');
const MAX_KEYS = bound('keys of a key set (JWKS)', 100, 'entries', 'the others are ignored');
const MAX_TRIES = bound(
  'keys that one token without a usable key id is tried with',
  16,
  'entries',
  'the others are not tried',
);

/** What a token states about the key that signed it. */
export interface KeyWanted {
  readonly alg: string;
  readonly kid?: string | undefined;
}

interface PublishedKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

export interface PublishedKeysOptions {
  readonly url: string;
  /** How long keys are used that cannot be fetched again. */
  readonly maxAgeMs: number;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Called with the reason when the issuer could not be asked. */
  readonly report: (cause: unknown) => void;
}

/**
 * The public keys of an issuer (RFC 7517). The issuer is asked when keys are first needed, when they are no longer
 * fresh, and when a token names an unknown key. It is asked at most once in {@link ASK_EVERY_MS}, whatever tokens come
 * in. A token whose key is known never waits for the issuer, and never fails because of it.
 */
export class PublishedKeys {
  readonly #options: PublishedKeysOptions;
  #keys: readonly PublishedKey[] = [];
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  /** The reason why the latest request failed, if it did. */
  #failure: unknown;

  constructor(options: PublishedKeysOptions) {
    this.#options = options;
  }

  /** The keys that may have signed such a token. @throws BelfryError `unavailable`, when that cannot be known now */
  async matching(wanted: KeyWanted): Promise<readonly KeyObject[]> {
    const known = this.#find(wanted);
    if (known.length === 0) await this.#ask();
    else if (this.#ageMs > FRESH_MS) void this.#ask();
    const found = known.length > 0 ? known : this.#find(wanted);
    if (found.length > 0 || this.#failure === undefined) return found;
    throw new BelfryError(
      'unavailable',
      'The keys of the issuer of tokens cannot be fetched. Expected a JWKS at BELFRY_JWKS_URL; try again later.',
      { cause: this.#failure, retryAfterS: ASK_EVERY_MS / 1_000 },
    );
  }

  get #ageMs(): number {
    return this.#options.clock.elapsed() - this.#fetchedAt;
  }

  #find({ alg, kid }: KeyWanted): readonly KeyObject[] {
    if (this.#ageMs > this.#options.maxAgeMs) return [];
    const fitting = this.#keys.filter(({ algorithms }) => algorithms.includes(alg));
    const named = fitting.filter((key) => key.kid === kid);
    // If the token names no key, every key is possible. If it names one, keys without a name are possible too.
    const nameless = kid === undefined ? fitting : fitting.filter((key) => key.kid === undefined);
    const chosen = named.length > 0 ? named : nameless;
    return chosen.slice(0, MAX_TRIES).map(({ key }) => key);
  }

  /** Resolves when the request that is due or under way has ended. Without one it resolves at once. */
  #ask(): Promise<void> {
    const { clock } = this.#options;
    if (this.#asking !== undefined) return this.#asking;
    if (clock.elapsed() - this.#askedAt < ASK_EVERY_MS) return Promise.resolve();
    this.#askedAt = clock.elapsed();
    this.#asking = this.#fetch();
    return this.#asking;
  }

  async #fetch(): Promise<void> {
    const { url, clock, report } = this.#options;
    try {
      this.#keys = await fetchKeys(url);
      this.#fetchedAt = clock.elapsed();
      this.#failure = undefined;
    } catch (cause) {
      this.#failure = cause;
      report(cause);
    } finally {
      this.#asking = undefined;
    }
  }
}

const keySet = z.object({ keys: z.array(z.unknown()) });

const jwk = z.looseObject({
  kid: z.string().optional().catch(undefined),
  alg: z.string().optional().catch(undefined),
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((uses) => uses.includes('verify'))
    .optional(),
});

async function fetchKeys(url: string): Promise<readonly PublishedKey[]> {
  const response = await fetch(url, {
    headers: { Accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The issuer answered ${response.status}. Expected 200 with a JWKS.`);
  }
  const text = await textWithin(response, MAX_BYTES);
  if (text === undefined) throw new Error(`The key set is too large. Expected at most ${MAX_BYTES} bytes.`);
  const { keys } = keySet.parse(parseJson(text));
  const usable = keys.slice(0, MAX_KEYS).flatMap((each) => usableKey(each) ?? []);
  if (usable.length === 0)
    throw new Error('The key set holds no usable key. Expected a key of RSA, EC or Ed25519 for signatures.');
  return usable;
}

/**
 * The key, or `undefined` for a secret, for something that is no key, for an unknown kind and for a key with another
 * use.
 */
function usableKey(written: unknown): PublishedKey | undefined {
  const { data } = jwk.safeParse(written);
  if (data === undefined) return undefined;
  try {
    const key = createPublicKey({ key: data, format: 'jwk' });
    const all = algorithmsOf(key);
    // Ed25519 has two names for one algorithm, and the issuer may use either.
    const algorithms =
      key.asymmetricKeyType === 'ed25519' || !data.alg ? all : all.filter((alg) => alg === data.alg);
    return algorithms.length === 0 ? undefined : { kid: data.kid, key, algorithms };
  } catch {
    return undefined;
  }
}
