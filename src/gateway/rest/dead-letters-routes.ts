import type { Response } from 'express';
import { z } from 'zod';
import type { DeadLetterQueue } from '../../broker/broker.ts';
import { rfc3339 } from '../../dialects/shapes.ts';
import { bound } from '../../model/bound.ts';
import type { DeadLetter } from '../../model/dead-letter.ts';
import { BelfryError } from '../../model/errors.ts';
import { Pattern } from '../../model/pattern.ts';
import type { Identity } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/request-identity.ts';
import { COUNTS, nextOf, setCounts } from '../http/pagination.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { checked, paging, strictQuery } from './query.ts';
import { json, named, route, type Route } from './route.ts';

/** The largest page, whatever the request asks for, since each entry may hold a whole event. */
const MAX_PAGE = bound(
  'dead letters of one page',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

const SHORT_CHARACTERS = bound(
  'text of a dead letter in a list of short texts',
  200,
  'characters',
  'the rest is cut off; the answer for one dead letter has the whole text',
);

const LIST = Pattern.parse('dead-letters.list.*');

export interface DeadLettersDeps {
  readonly deadLetters: DeadLetterQueue;
  readonly redaction: Redaction;
  readonly reads: ReadLimiter;
}

const deadLetter = z.strictObject({
  id: z.string(),
  entry: z.string(),
  time: rfc3339,
  reason: z.string().describe('An error code'),
  message: z.string(),
  event: z.string(),
}) satisfies z.ZodType<DeadLetter>;

const listed = deadLetter.extend({
  bytes: z
    .int()
    .min(0)
    .optional()
    .describe('How many bytes the whole text has, where the list has short texts'),
});

const TEXTS = checked(
  z
    .enum(['short'])
    .describe(`Cuts each text off after ${SHORT_CHARACTERS} characters, and says how many bytes it has`),
  () => new BelfryError('not_acceptable', 'The form of the texts is not known. Expected ?texts=short.'),
);

/**
 * Entries that the ingress could not accept. Reading one needs a grant to receive `dead-letters.list.<id>`. Retrying
 * or deleting one needs a grant to publish `dead-letters.retry.<id>`. Admins have both. Without Redis there is no
 * ingress, and the list is empty.
 */
export const DEAD_LETTERS_ROUTES: readonly Route<DeadLettersDeps>[] = [
  route({
    id: 'listDeadLetters',
    method: 'get',
    path: '/api/v3/dead-letters',
    summary: 'List the dead letters: entries that the ingress could not accept',
    query: strictQuery({ ...paging('not_acceptable'), texts: TEXTS }),
    answers: {
      200: json(
        'Dead letters, oldest first, at most 1,000; the header Link names the next page',
        named('DeadLetters', z.array(listed)),
        COUNTS,
      ),
    },
    errors: ['forbidden', 'reads_exceeded'],
    before: (_deps: DeadLettersDeps, { response }) => {
      const identity = identityOf(response);
      if (!identity.subscribe.overlap(LIST)) throw forbidden(identity, 'read dead letters');
    },
    handler: async (
      { deadLetters, redaction, reads }: DeadLettersDeps,
      { request, response, query: { offset = 0, limit: requested = MAX_PAGE, texts: form } },
    ) => {
      const identity = identityOf(response);
      const limit = Math.min(requested, MAX_PAGE);
      await reads.answer(response, async () => {
        const { entries, total } = await deadLetters.list(offset, limit);
        const shown = entries.filter(({ id }) => mayRead(identity, id));
        const texts = await mapInSlices(shown, (letter) => {
          const seen = seenBy(identity, redaction, letter);
          return JSON.stringify(form === undefined ? seen : shortened(seen));
        });
        setCounts(request, response, { total, count: shown.length, next: nextOf({ offset, limit }, total) });
        return `[${texts.join()}]`;
      });
    },
  }),
  route({
    id: 'getDeadLetter',
    method: 'get',
    path: '/api/v3/dead-letters/{id}',
    summary: 'Read one dead letter',
    answers: { 200: json('The dead letter with its text', named('DeadLetter', deadLetter)) },
    errors: ['forbidden', 'not_found'],
    handler: async ({ deadLetters, redaction }: DeadLettersDeps, { response, params: { id } }) => {
      const identity = identityOf(response);
      if (!mayRead(identity, id)) throw forbidden(identity, 'read dead letters');
      const letter = await deadLetters.get(id);
      if (letter === undefined) throw notFound(id);
      response.json(seenBy(identity, redaction, letter));
    },
  }),
  route({
    id: 'retryDeadLetter',
    method: 'post',
    path: '/api/v3/dead-letters/{id}/retry',
    summary: 'Put a dead letter back at the end of the ingress',
    answers: { 204: { says: 'The entry is in the ingress' } },
    errors: ['forbidden', 'not_found'],
    handler: async ({ deadLetters }: DeadLettersDeps, { response, params: { id } }) => {
      checkMayChange(response, id);
      if (!(await deadLetters.retry(id))) throw notFound(id);
      response.status(204).end();
    },
  }),
  route({
    id: 'deleteDeadLetter',
    method: 'delete',
    path: '/api/v3/dead-letters/{id}',
    summary: 'Delete a dead letter',
    answers: { 204: { says: 'The dead letter is deleted' } },
    errors: ['forbidden', 'not_found'],
    handler: async ({ deadLetters }: DeadLettersDeps, { response, params: { id } }) => {
      checkMayChange(response, id);
      if (!(await deadLetters.remove(id))) throw notFound(id);
      response.status(204).end();
    },
  }),
];

function shortened(letter: DeadLetter): z.infer<typeof listed> {
  const { event } = letter;
  // A pair of surrogates is not cut in two.
  const first = event.slice(0, SHORT_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
  return { ...letter, event: first, bytes: Buffer.byteLength(event) };
}

function mayRead({ subscribe }: Identity, id: string): boolean {
  return subscribe.permit({ type: 'dead-letters', action: 'list', key: id });
}

/** Checks that the caller may retry or delete the entry. @throws BelfryError `forbidden` */
function checkMayChange(response: Response, id: string): void {
  const identity = identityOf(response);
  if (identity.publish.permit({ type: 'dead-letters', action: 'retry', key: id })) return;
  throw forbidden(identity, 'retry or delete dead letters');
}

function forbidden({ principal }: Identity, what: string): BelfryError {
  return new BelfryError(
    'forbidden',
    `${principal} holds no grant to ${what}. Expected a grant to receive dead-letters.list.* or to publish dead-letters.retry.*.`,
  );
}

function notFound(id: string): BelfryError {
  return new BelfryError(
    'not_found',
    `There is no dead letter with the id "${id.slice(0, 50)}". Expected an id from the list.`,
  );
}

/** The entry as the caller may see it. If the caller holds no role that a redaction excepts, its event is masked. */
function seenBy({ roles }: Identity, redaction: Redaction, letter: DeadLetter): DeadLetter {
  return { ...letter, event: redaction.viewOf(roles).maskText(letter.event) };
}
