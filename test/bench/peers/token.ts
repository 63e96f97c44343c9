import { createHmac } from 'node:crypto';

const LASTS_S = 86_400;
const HEAD = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');

/** The secret with which all peers check tokens. */
export const SECRET = 'a secret that only the benchmark knows';

/** Signs a token without code of the hub, so that the load does not depend on it. */
export function tokenOf(subject: string): string {
  const exp = Math.floor(Date.now() / 1_000) + LASTS_S;
  const claims = JSON.stringify({ sub: subject, roles: ['admin'], exp });
  const signed = `${HEAD}.${Buffer.from(claims).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
