import type { OpenRequest } from '../../src/dialects/dialect.ts';
import { anIdentity } from './connection.ts';

/** A handshake as a dialect sees it: of an admin, with nothing retained, unless said otherwise. */
export function anOpenRequest(path: string, query = '', more: Partial<OpenRequest> = {}): OpenRequest {
  return {
    path,
    query: new URLSearchParams(query),
    caller: anIdentity(),
    now: Date.UTC(2026, 0, 15, 10, 30),
    anonymous: true,
    settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512 },
    retained: async () => [],
    ...more,
  };
}
