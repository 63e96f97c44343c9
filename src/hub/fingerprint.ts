import { hash, randomBytes } from 'node:crypto';
import { bound } from '../model/bound.ts';

/** Nobody outside knows this key, so nobody can construct texts with equal fingerprints. */
const KEY = randomBytes(32).toString('hex');

const FORGOTTEN = 'all are forgotten, and made again when they are needed';
const MAX_KNOWN = bound('subscriptions whose fingerprint a node keeps', 1_000, 'entries', FORGOTTEN);
const MAX_KNOWN_LENGTH = bound(
  'a subscription whose fingerprint a node keeps',
  500,
  'characters',
  'the fingerprint is made again each time',
);
/** The fingerprints of texts that many connections have. */
const known = new Map<string, Fingerprint>();

/**
 * 128 bits of a hash of a text, or of many texts in any order: then they are the sum of those of each text, by words of 32
 * bits, which cost less than numbers of 128 bits.
 */
export class Fingerprint {
  static readonly none = new Fingerprint(0, 0, 0, 0);

  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  readonly #d: number;

  constructor(a: number, b: number, c: number, d: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** The fingerprint of these texts and others together. */
  with(other: Fingerprint): Fingerprint {
    return new Fingerprint(
      (this.#a + other.#a) | 0,
      (this.#b + other.#b) | 0,
      (this.#c + other.#c) | 0,
      (this.#d + other.#d) | 0,
    );
  }

  /** The fingerprint of these texts without others, which are among them. */
  without(other: Fingerprint): Fingerprint {
    return new Fingerprint(
      (this.#a - other.#a) | 0,
      (this.#b - other.#b) | 0,
      (this.#c - other.#c) | 0,
      (this.#d - other.#d) | 0,
    );
  }

  /** Eight characters of 16 bits. Fingerprints are equal when these are. */
  get text(): string {
    return wordOf(this.#a) + wordOf(this.#b) + wordOf(this.#c) + wordOf(this.#d);
  }
}

/** Texts are equal when their fingerprints are. */
export function fingerprintOf(text: string): Fingerprint {
  let fingerprint = known.get(text);
  if (fingerprint !== undefined) return fingerprint;
  const bytes = hash('sha256', KEY + text, 'buffer');
  fingerprint = new Fingerprint(
    bytes.readInt32LE(0),
    bytes.readInt32LE(4),
    bytes.readInt32LE(8),
    bytes.readInt32LE(12),
  );
  if (text.length > MAX_KNOWN_LENGTH) return fingerprint;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, fingerprint);
  return fingerprint;
}

function wordOf(bits: number): string {
  return String.fromCharCode(bits & 0xffff, bits >>> 16);
}
