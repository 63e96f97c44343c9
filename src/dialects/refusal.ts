import type { BelfryError, ErrorCode } from '../model/errors.ts';
import { headerOfKey } from '../model/idempotency.ts';

export interface HttpRefusal {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const CHALLENGES: Partial<Record<ErrorCode, string>> = {
  credentials_missing: 'Bearer realm="belfry"',
  credentials_malformed: 'Bearer realm="belfry", error="invalid_request"',
  token_invalid: 'Bearer realm="belfry", error="invalid_token"',
};

const MODELS: Partial<Record<ErrorCode, readonly [model: string, type: string]>> = {
  password_wrong: ['users', ''],
  token_invalid: ['system', ''],
  forbidden: ['', 'AUTH'],
};

/**
 * The refusal of a request wherever the dialect has no form of its own. The body is the one that DRP's clients read,
 * and the challenge follows RFC 6750.
 */
export function apiRefusal(error: BelfryError, method: string): HttpRefusal {
  const { code, status, message, see, retryAfterS, idempotencyKey } = error;
  const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
  const challenge = CHALLENGES[code];
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
  if (retryAfterS !== undefined) headers['Retry-After'] = `${retryAfterS}`;
  if (idempotencyKey !== undefined) headers['Idempotency-Key'] = headerOfKey(idempotencyKey);
  const [Model, Type] = MODELS[code] ?? ['', method];
  const Messages = code === 'password_wrong' ? ['Access Denied'] : [message, `See ${see}`];
  return {
    status,
    headers,
    body: JSON.stringify({ Model, Key: '', Type, Messages, Code: status, idempotencyKey }),
  };
}
