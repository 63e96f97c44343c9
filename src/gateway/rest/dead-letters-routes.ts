import express, { type Response, type Router } from 'express';
import type { DeadLetterQueue } from '../../broker/broker.ts';
import type { DeadLetter } from '../../model/dead-letter.ts';
import { BelfryError } from '../../model/errors.ts';
import { Pattern } from '../../model/pattern.ts';
import type { Identity } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/caller.ts';
import { targetOf } from '../sockets/handshake.ts';
import { nextOf, setCounts } from '../http/page-headers.ts';
import type { Reads } from '../http/reads.ts';
import { readPage } from './retained-routes.ts';
import { bound } from '../../model/bound.ts';

/** Entries of one page, whatever was asked for: each may hold a whole event. */
const MAX_PAGE = bound(
  'dead letters of one page',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

const LIST = Pattern.parse('dead-letters.list.*');

/**
 * `GET /`, `GET /:id`, `POST /:id/retry` and `DELETE /:id` of what the ingress could not accept. To read it takes a grant to
 * hear `dead-letters.list.<id>`, to retry or delete one to publish `dead-letters.retry.<id>`, as admins have. Without Redis there is no
 * ingress, and the list is empty.
 */
export function deadLetterRoutes({
  deadLetters,
  redaction,
  reads,
}: {
  readonly deadLetters: DeadLetterQueue;
  readonly redaction: Redaction;
  readonly reads: Reads;
}): Router {
  const router = express.Router({ caseSensitive: true });
  router.get('/', async (request, response) => {
    const identity = identityOf(response);
    if (!identity.subscribe.overlap(LIST)) throw forbidden(identity, 'read what is dead');
    const { offset, limit: requested } = readPage(targetOf(request).query);
    const limit = Math.min(requested, MAX_PAGE);
    await reads.answer(response, async () => {
      const { entries, total } = await deadLetters.list(offset, limit);
      const shown = entries.filter(({ id }) => mayRead(identity, id));
      const texts = await mapInSlices(shown, (letter) => JSON.stringify(seenBy(identity, redaction, letter)));
      setCounts(request, response, { total, count: shown.length, next: nextOf({ offset, limit }, total) });
      return `[${texts.join()}]`;
    });
  });
  router.get('/:id', async (request, response) => {
    const { id } = request.params;
    const identity = identityOf(response);
    if (!mayRead(identity, id)) throw forbidden(identity, 'read what is dead');
    const letter = await deadLetters.get(id);
    if (letter === undefined) throw notFound(id);
    response.json(seenBy(identity, redaction, letter));
  });
  router.post('/:id/retry', async (request, response) => {
    const { id } = request.params;
    checkMayChange(response, id);
    if (!(await deadLetters.retry(id))) throw notFound(id);
    response.status(204).end();
  });
  router.delete('/:id', async (request, response) => {
    const { id } = request.params;
    checkMayChange(response, id);
    if (!(await deadLetters.remove(id))) throw notFound(id);
    response.status(204).end();
  });
  return router;
}

function mayRead({ subscribe }: Identity, id: string): boolean {
  return subscribe.permit({ type: 'dead-letters', action: 'list', key: id });
}

/** @throws BelfryError `forbidden` */
function checkMayChange(response: Response, id: string): void {
  const identity = identityOf(response);
  if (identity.publish.permit({ type: 'dead-letters', action: 'retry', key: id })) return;
  throw forbidden(identity, 'retry or delete what is dead');
}

function forbidden({ principal }: Identity, what: string): BelfryError {
  return new BelfryError(
    'forbidden',
    `${principal} holds no grant to ${what}. Expected one for dead-letters.list.* to hear, or dead-letters.retry.* to publish.`,
  );
}

function notFound(id: string): BelfryError {
  return new BelfryError(
    'not_found',
    `Nothing is dead under "${id.slice(0, 50)}". Expected an id of the list.`,
  );
}

/** Those who hold no role that a redaction excepts see it masked here as well. */
function seenBy({ roles }: Identity, redaction: Redaction, letter: DeadLetter): DeadLetter {
  return { ...letter, event: redaction.viewOf(roles).maskText(letter.event) };
}
