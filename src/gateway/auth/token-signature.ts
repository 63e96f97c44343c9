import {
  constants,
  hash,
  timingSafeEqual,
  verify,
  type KeyObject,
  type VerifyKeyObjectInput,
} from 'node:crypto';

/** The bytes that tell the two passes of an HMAC apart (RFC 2104, 2). */
const INNER = 0x36;
const OUTER = 0x5c;

type Check = (signed: string, signature: Buffer, key: KeyObject) => boolean;

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/**
 * The algorithms whose check takes the event loop no longer than the promises of jose do (RFC 7518, 3 and RFC 8037, 3.1).
 * ES384 and ES512 take several times as long, and are left to jose, which has another thread check them.
 */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  ['HS256', byHmac('sha256', 64)],
  ['HS384', byHmac('sha384', 128)],
  ['HS512', byHmac('sha512', 128)],
  ['RS256', byPublicKey('sha256')],
  ['RS384', byPublicKey('sha384')],
  ['RS512', byPublicKey('sha512')],
  ['PS256', byPublicKey('sha256', PSS)],
  ['PS384', byPublicKey('sha384', PSS)],
  ['PS512', byPublicKey('sha512', PSS)],
  ['ES256', byPublicKey('sha256', { dsaEncoding: 'ieee-p1363' })],
  ['EdDSA', byPublicKey(undefined)],
  ['Ed25519', byPublicKey(undefined)],
]);

/** What is signed, and the signature: base64url without padding, which every decoder reads alike. */
const COMPACT = /^([\w-]+\.[\w-]+)\.([\w-]+)$/;

/**
 * Whether it is certain that this key signed the token by this algorithm, which must be one of the key. When the answer is
 * no, the token may be good all the same, and jose is to say so or why not.
 */
export function isCertainlySigned(token: string, alg: string, key: KeyObject): boolean {
  const check = CHECKS.get(alg);
  const [, signed, signature] = check === undefined ? [] : (COMPACT.exec(token) ?? []);
  if (check === undefined || signed === undefined || signature === undefined) return false;
  return check(signed, Buffer.from(signature, 'base64url'), key);
}

/** The key of an HMAC, filled up to a block of the hash, once for each of its two passes. */
interface Pads {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

/**
 * HMAC by its definition (RFC 2104). Two hashes take a third of the time of Node's object for it, which has to be collected
 * as well.
 */
function byHmac(algorithm: string, blockBytes: number): Check {
  const pads = new WeakMap<KeyObject, Pads>();
  return (signed, signature, key) => {
    let own = pads.get(key);
    if (own === undefined) pads.set(key, (own = padsOf(key, algorithm, blockBytes)));
    const inner = hash(algorithm, Buffer.concat([own.inner, Buffer.from(signed, 'latin1')]), 'binary');
    const whole = hash(algorithm, Buffer.concat([own.outer, Buffer.from(inner, 'binary')]), 'binary');
    const expected = Buffer.from(whole, 'binary');
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  };
}

function padsOf(key: KeyObject, algorithm: string, blockBytes: number): Pads {
  const secret = key.export();
  const block = Buffer.alloc(blockBytes);
  (secret.length > blockBytes ? hash(algorithm, secret, 'buffer') : secret).copy(block);
  const under = (pad: number): Buffer => Buffer.from(block.map((byte) => byte ^ pad));
  return { inner: under(INNER), outer: under(OUTER) };
}

function byPublicKey(algorithm: string | undefined, how: Omit<VerifyKeyObjectInput, 'key'> = {}): Check {
  return (signed, signature, key) => verify(algorithm, Buffer.from(signed), { ...how, key }, signature);
}
