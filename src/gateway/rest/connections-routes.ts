import express, { type Request, type Response, type Router } from 'express';
import type { EventLog } from '../../hub/event-log.ts';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Principal } from '../../model/principal.ts';
import { momentOf } from '../../model/time.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import type { Control } from '../../registry/control.ts';
import { ANYBODY, PAGE_MAX, parseQuery, type ConnectionQuery } from '../../registry/connection-query.ts';
import type { PresenceReader, ConnectionPage, ConnectionRecord, Registry } from '../../registry/registry.ts';
import { identityOf } from '../auth/caller.ts';
import { Closer } from './connection-closer.ts';
import { targetOf } from '../sockets/handshake.ts';
import { CURSOR, setCounts } from '../http/page-headers.ts';
import { RUNNERS } from './presence-routes.ts';
import type { Reads } from '../http/reads.ts';
import { mayClose, mayRevoke, narrowed, visibleBy } from '../auth/visibility.ts';

const PAGE = bound(
  'connections of one page where the request names no limit',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);
const YEAR_MS = 365 * 86_400_000;

export interface ConnectionRoutesOptions {
  readonly registry: Registry & PresenceReader;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly control: Control;
  readonly clock: Clock;
  readonly reads: Reads;
}

/**
 * Who is connected, as far as the caller could hear of it: `GET /connections`, one of them by its address or id, those of
 * one principal; and, for whoever may, their end: `DELETE` of the same, and of `/tokens/:id`.
 */
export function connectionRoutes(options: ConnectionRoutesOptions): Router {
  const closer = new Closer(options);
  const router = express.Router({ caseSensitive: true });
  router.get('/connections', (request, response) => getList(options, request, response));
  router.delete('/connections', (request, response) => closeList(options, closer, request, response));
  router.get('/connections/:name', async (request, response) => {
    const [newest] = await find(options, request, response, 1);
    if (newest === undefined) throw notFound();
    response.json(newest);
  });
  router.delete('/connections/:name', (request, response) => closeOne(options, closer, request, response));
  for (const type of RUNNERS) {
    router.get(`/${type}/:uuid/connections`, (request, response) =>
      getList(options, request, response, `runner:${request.params.uuid}`),
    );
  }
  router.delete('/tokens/:id', (request, response) =>
    revoke(options, request, response, { id: nameIn(request.params.id) }),
  );
  router.delete('/tokens', (request, response) =>
    revoke(options, request, response, {
      principal: nameIn(targetOf(request).query.get('principal')),
      before: options.clock.now(),
    }),
  );
  return router;
}

/** Of one principal, or of all. */
async function getList(
  { registry, eventLog, reads }: ConnectionRoutesOptions,
  request: Request,
  response: Response,
  principal?: Principal,
): Promise<void> {
  const authorizeSubscribe = visibleBy(identityOf(response).subscribe);
  const visible = principal === undefined ? authorizeSubscribe : narrowed(authorizeSubscribe, principal);
  const query = parseQuery(targetOf(request).query, visible, PAGE);
  await reads.answer(response, async () => {
    // Read before the registry is: what happened since then may be in the list already, and is told again.
    response.set(CURSOR, eventLog.position);
    return pageText(request, response, query, (asked) => registry.list(asked));
  });
}

/** One more than the page is read, to know whether there is a next one, which begins after this one or in its place. */
async function pageText(
  request: Request,
  response: Response,
  query: ConnectionQuery,
  read: (query: ConnectionQuery) => Promise<ConnectionPage>,
): Promise<string> {
  const limit = Math.min(query.limit, PAGE_MAX);
  const { records, total } = await read({ ...query, limit: limit + 1 });
  const page = records.slice(0, limit);
  const begin = request.method === 'DELETE' ? query.offset : query.offset + limit;
  const next = limit > 0 && records.length > limit ? begin : undefined;
  setCounts(request, response, { total, count: page.length, next });
  const texts = await mapInSlices(page, (record) => JSON.stringify(record));
  return `[${texts.join()}]`;
}

/** The connections of that address or id, the newest first: an address may be shown by two nodes. */
async function find(
  { registry }: ConnectionRoutesOptions,
  request: Request,
  response: Response,
  limit: number,
): Promise<readonly ConnectionRecord[]> {
  const name = String(request.params['name']);
  const field = name.includes(':') ? 'RemoteAddr' : 'Id';
  const { records } = await registry.list({
    visible: visibleBy(identityOf(response).subscribe),
    filters: [{ any: [{ name: 'Eq', values: [name] }], field }, ANYBODY],
    sort: ['CreateTime'],
    reverse: true,
    offset: 0,
    limit,
  });
  return records;
}

async function closeOne(
  options: ConnectionRoutesOptions,
  closer: Closer,
  request: Request,
  response: Response,
): Promise<void> {
  const records = await find(options, request, response, PAGE);
  const [newest] = records;
  if (newest === undefined) throw notFound();
  mayClose(identityOf(response), records);
  await closer.close(records);
  response.json(newest);
}

/** All that the filters leave, a page of them at most; without any it would be everybody, which nobody means. */
async function closeList(
  { registry, reads }: ConnectionRoutesOptions,
  closer: Closer,
  request: Request,
  response: Response,
): Promise<void> {
  const identity = identityOf(response);
  const query = parseQuery(targetOf(request).query, visibleBy(identity.subscribe), PAGE_MAX);
  if (query.filters.length === 0) {
    throw new BelfryError(
      'not_acceptable',
      'There is no filter. Expected at least one, as in ?Principal=user:ada; nothing was closed.',
    );
  }
  const closed = await pageText(request, response, query, async (asked) => {
    const page = await registry.list(asked);
    const records = page.records.slice(0, asked.limit - 1);
    mayClose(identity, records);
    await closer.close(records);
    return page;
  });
  reads.send(response, closed);
}

/**
 * `DELETE /tokens/:id?until=`, of a token or session, and `DELETE /tokens?principal=&until=`: until the tokens end by
 * themselves, which nobody knows here; a year where it is not said.
 */
async function revoke(
  { control, clock }: ConnectionRoutesOptions,
  request: Request,
  response: Response,
  of: { readonly id: string } | { readonly principal: Principal; readonly before: number },
): Promise<void> {
  const written = targetOf(request).query.get('until');
  const until = written === null ? clock.now() + YEAR_MS : momentOf(written);
  if (until === undefined) {
    throw new BelfryError(
      'time_invalid',
      'The until is no time. Expected RFC 3339, as in 2026-01-15T10:30:00Z.',
    );
  }
  const key = 'id' in of ? of.id : of.principal;
  mayRevoke(identityOf(response), key);
  await control.send({ kind: 'revoke', ...of, until });
  response.json({ Id: key, Until: new Date(until).toISOString() });
}

/** @throws BelfryError `not_acceptable` for what names no token, session or principal */
function nameIn(text: string | null): string {
  if (text !== null && /^\P{Cc}{1,300}$/u.test(text)) return text;
  throw new BelfryError(
    'not_acceptable',
    'Which tokens is not said. Expected an id, or ?principal= as in ?principal=user:ada; nothing was revoked.',
  );
}

function notFound(): BelfryError {
  return new BelfryError('not_found', 'Not Found');
}
