import type { OpenRequest } from '../../src/dialects/dialect.ts';
import { anIdentity } from './connection.ts';

/** A handshake as a dialect sees it. Unless `more` says otherwise, the client is an admin and nothing is retained. */
export function anOpenRequest(path: string, query = '', more: Partial<OpenRequest> = {}): OpenRequest {
  return {
    path,
    query: new URLSearchParams(query),
    caller: anIdentity(),
    now: Date.UTC(2026, 0, 15, 10, 30),
    anonymous: true,
    settings: { nornAllowedOrigins: [], dorguInboundMaxBytes: 512, cloudeventsSource: '/belfry' },
    retained: async () => [],
    ...more,
  };
}
