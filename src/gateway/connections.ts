import express, { type Request, type Response, type Router } from 'express';
import type { Clock } from '../model/clock.ts';
import { BelfryError } from '../model/errors.ts';
import type { Principal } from '../model/principal.ts';
import { momentOf } from '../model/time.ts';
import { mapInTurns } from '../model/turn.ts';
import type { Control } from '../registry/control.ts';
import { parseQuery, type ConnectionQuery } from '../registry/query.ts';
import type { ConnectionPage, ConnectionRecord, Registry } from '../registry/registry.ts';
import { identityOf } from './caller.ts';
import { ANYBODY, Closer } from './closer.ts';
import { targetOf } from './handshake.ts';
import type { Reads } from './reads.ts';
import { mayClose, mayRevoke, narrowed, visibleBy } from './visibility.ts';

/** Objects of DRP that are connected by an agent of their own, as the principal `runner:<uuid>`. */
const RUNNERS = ['machines', 'clusters', 'resource_brokers'];

const YEAR_MS = 365 * 86_400_000;

export interface ConnectionRoutesOptions {
  readonly registry: Registry;
  readonly control: Control;
  readonly clock: Clock;
  readonly reads: Reads;
}

/**
 * Who is connected and who is there, as far as the caller could hear of it: `GET /connections`, one of them by its
 * address or id, those and the presence of one principal; and, for whoever may, their end: `DELETE` of the same, and of
 * `/tokens/:id`.
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
    router.get(`/${type}/:uuid/presence`, (request, response) =>
      getPresence(options, `runner:${request.params.uuid}`, response),
    );
  }
  router.get('/presence', (request, response) =>
    getPresence(options, targetOf(request).query.get('principal') ?? '', response),
  );
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
  { registry, reads }: ConnectionRoutesOptions,
  request: Request,
  response: Response,
  principal?: Principal,
): Promise<void> {
  const permitted = visibleBy(identityOf(response).subscribe);
  const visible = principal === undefined ? permitted : narrowed(permitted, principal);
  const query = parseQuery(targetOf(request).query, visible);
  await reads.answer(response, async () => pageText(response, await registry.list(query)));
}

async function pageText(response: Response, { records, total }: ConnectionPage): Promise<string> {
  const texts = await mapInTurns(records, (record) => JSON.stringify(record));
  response.set({ 'X-DRP-LIST-TOTAL-COUNT': `${total}`, 'X-DRP-LIST-COUNT': `${records.length}` });
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
  const records = await find(options, request, response, Infinity);
  const [newest] = records;
  if (newest === undefined) throw notFound();
  mayClose(identityOf(response), records);
  await closer.close(records);
  response.json(newest);
}

/** All that the filters leave; without any it would be everybody, which nobody means. */
async function closeList(
  { registry, reads }: ConnectionRoutesOptions,
  closer: Closer,
  request: Request,
  response: Response,
): Promise<void> {
  const identity = identityOf(response);
  const query: ConnectionQuery = parseQuery(targetOf(request).query, visibleBy(identity.subscribe));
  if (query.filters.length === 0) {
    throw new BelfryError(
      'not_acceptable',
      'There is no filter. Expected at least one, as in ?Principal=user:ada; nothing was closed.',
    );
  }
  const page = await registry.list(query);
  mayClose(identity, page.records);
  await closer.close(page.records);
  reads.send(response, await pageText(response, page));
}

async function getPresence(
  { registry }: ConnectionRoutesOptions,
  principal: Principal,
  response: Response,
): Promise<void> {
  if (principal === '')
    throw new BelfryError(
      'not_acceptable',
      'Whose presence is not said. Expected ?principal=, as in ?principal=user:ada.',
    );
  const visible = narrowed(visibleBy(identityOf(response).subscribe), principal);
  if (visible.length === 0) throw notFound();
  response.json(await registry.presence(principal));
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
