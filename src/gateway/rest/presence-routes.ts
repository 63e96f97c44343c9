import express, { type Request, type Response, type Router } from 'express';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';
import type { EventLog } from '../../hub/event-log.ts';
import type { Principal } from '../../model/principal.ts';
import type { PresenceReader } from '../../registry/registry.ts';
import { identityOf } from '../auth/caller.ts';
import { targetOf } from '../sockets/handshake.ts';
import { CURSOR, setCounts } from '../http/page-headers.ts';
import type { Reads } from '../http/reads.ts';
import { narrowed, visibleBy } from '../auth/visibility.ts';

/** Objects of DRP that are connected by an agent of their own, as the principal `runner:<uuid>`. */
export const RUNNERS = ['machines', 'clusters', 'resource_brokers'] as const;

const PAGE_MAX = bound(
  'principals of one page of presence',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

export interface PresenceRoutesOptions {
  readonly registry: PresenceReader;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly reads: Reads;
}

/** Who is there, as far as the caller could hear of it: `GET /presence`, of one principal or of all who are online. */
export function presenceRoutes(options: PresenceRoutesOptions): Router {
  const router = express.Router({ caseSensitive: true });
  for (const type of RUNNERS) {
    router.get(`/${type}/:uuid/presence`, (request, response) =>
      getPresence(options, `runner:${request.params.uuid}`, response),
    );
  }
  router.get('/presence', (request, response) => {
    const principal = targetOf(request).query.get('principal');
    return principal === null
      ? getOnline(options, request, response)
      : getPresence(options, principal, response);
  });
  return router;
}

async function getPresence(
  { registry, eventLog }: PresenceRoutesOptions,
  principal: Principal,
  response: Response,
): Promise<void> {
  if (principal === '')
    throw new BelfryError(
      'not_acceptable',
      'Whose presence is not said. Expected a principal, as in ?principal=user:ada, or no such parameter for all who are online.',
    );
  const visible = narrowed(visibleBy(identityOf(response).subscribe), principal);
  if (visible.length === 0) throw new BelfryError('not_found', 'Not Found');
  // Read before the registry is: what happened since then may be in the answer already, and is told again.
  response.set(CURSOR, eventLog.position);
  response.json(await registry.presence(principal));
}

async function getOnline(
  { registry, eventLog, reads }: PresenceRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const { query } = targetOf(request);
  const offset = countIn(query, 'offset', 0);
  const limit = Math.min(countIn(query, 'limit', PAGE_MAX), PAGE_MAX);
  const visible = visibleBy(identityOf(response).subscribe);
  await reads.answer(response, async () => {
    response.set(CURSOR, eventLog.position);
    const { online, total } = await registry.online({ visible, offset, limit });
    const end = offset + online.length;
    const next = online.length > 0 && end < total ? end : undefined;
    setCounts(request, response, { total, count: online.length, next });
    return JSON.stringify(online);
  });
}

function countIn(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BelfryError('not_acceptable', `The ${name} is not usable. Expected a whole number, 0 or more.`);
}
