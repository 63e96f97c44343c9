import type { KeyObject } from 'node:crypto';

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const EC: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const EDWARDS = ['EdDSA', 'Ed25519'];

/** Every algorithm with which a public key may have signed. */
export const PUBLIC_KEY_ALGORITHMS: readonly string[] = [...RSA, ...Object.values(EC), ...EDWARDS];

/** The algorithms with which this public key may have signed; none when its kind cannot be used. */
export function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType;
  if (kind === 'rsa') return modulusLength >= 2_048 ? RSA : [];
  if (kind === 'ec') return EC[namedCurve] === undefined ? [] : [EC[namedCurve]];
  return kind === 'ed25519' ? EDWARDS : [];
}
