import express, { type Request, type Response, type Router } from 'express';
import type { Retained } from '../../broker/broker.ts';
import { BelfryError } from '../../model/errors.ts';
import { textOf } from '../../model/json.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { WITHOUT_EFFECT } from '../../registry/connection-query.ts';
import { identityOf } from '../auth/caller.ts';
import { targetOf } from '../sockets/handshake.ts';
import { nextOf, setCounts } from '../http/page-headers.ts';
import type { Reads } from '../http/reads.ts';

export interface Kept {
  readonly retained: Retained;
  readonly redaction: Redaction;
  readonly reads: Reads;
}

/**
 * `GET /:type` and `GET /:type/:key`: the latest object of every key, or of one, for each type of which a rule keeps
 * anything. Shown is what the caller could have heard, masked as it would have been: what it may not hear is not there.
 */
export function retainedRoutes(kept: Kept): Router {
  const { retained } = kept;
  const router = express.Router({ caseSensitive: true });
  router.get('/:type', async (request, response, next) => {
    const { type } = request.params;
    if (retained.keeps(type)) await getList(kept, type, request, response);
    else next();
  });
  router.get('/:type/:key', async (request, response, next) => {
    const { type, key } = request.params;
    if (retained.keeps(type)) await getOne(kept, type, key, response);
    else next();
  });
  return router;
}

async function getList(
  { retained, redaction, reads }: Kept,
  type: string,
  request: Request,
  response: Response,
): Promise<void> {
  const page = readPage(targetOf(request).query);
  const { roles, subscribe } = identityOf(response);
  const view = redaction.viewOf(roles);
  await reads.answer(response, async () => {
    const { events, total } = await retained.latest(type, {
      ...page,
      permits: (event) => subscribe.permit(event),
    });
    const objects = await mapInSlices(events, (event) => textOf(view.mask(event).object));
    setCounts(request, response, { total, count: events.length, next: nextOf(page, total) });
    return `[${objects.join()}]`;
  });
}

async function getOne(
  { retained, redaction }: Kept,
  type: string,
  key: string,
  response: Response,
): Promise<void> {
  const { roles, subscribe } = identityOf(response);
  const event = await retained.latestOf(type, key, (heard) => subscribe.permit(heard));
  if (event === undefined) throw new BelfryError('not_found', 'Not Found');
  sendJson(response, textOf(redaction.viewOf(roles).mask(event).object));
}

/** Values go out as they were published. */
export function sendJson(response: Response, text: string): void {
  response.type('json').send(text);
}

/** @throws BelfryError `not_acceptable` for a page that is none, and for a filter, since objects here have any shape */
export function readPage(query: URLSearchParams): { offset: number; limit: number } {
  const page = { offset: 0, limit: Infinity };
  for (const [name, value] of query) {
    if (WITHOUT_EFFECT.has(name)) continue;
    if (name !== 'offset' && name !== 'limit') {
      const shown = name.slice(0, 50);
      throw new BelfryError('not_acceptable', `Filter not found: ${shown}. Expected offset and limit.`);
    }
    if (!/^\d{1,15}$/.test(value)) {
      throw new BelfryError(
        'not_acceptable',
        `The ${name} is not usable. Expected a whole number, 0 or more.`,
      );
    }
    page[name] = Number(value);
  }
  return page;
}
