import { z } from 'zod';
import type { Broker, DeadLetterQueue } from '../../broker/broker.ts';
import { tooBig } from '../../broker/logged-event.ts';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { rfc3339 } from '../../dialects/shapes.ts';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { isCursor } from '../../model/cursor.ts';
import type { DeadLetter } from '../../model/dead-letter.ts';
import { BelfryError } from '../../model/errors.ts';
import { digestOf, onceOf } from '../../model/idempotency.ts';
import { readJson } from '../../model/json.ts';
import { Pattern } from '../../model/pattern.ts';
import type { Identity } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/request-identity.ts';
import { jsonBody } from '../http/json-body.ts';
import {
  checkMayChange,
  forbidden,
  isOwn,
  isOwnSink,
  mayChange,
  mayRead,
  notFound,
} from './dead-letters-access.ts';
import { COUNTS, nextOf, setCounts } from '../http/pagination.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { checked, paging, query, required, strictQuery } from './query.ts';
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

/** The name of a sink is the key of its events, and a part of grants. */
const SINK_NAME = /^[A-Za-z0-9_-]{1,64}$/;

const LIST = Pattern.parse('dead-letters.list.*');

export interface DeadLettersDeps {
  readonly deadLetters: DeadLetterQueue;
  readonly redaction: Redaction;
  readonly reads: ReadLimiter;
  readonly broker: Pick<Broker, 'publish'>;
  readonly formats: Pick<EventFormats, 'parse'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly eventMaxBytes: number;
}

const deadLetter = z.strictObject({
  id: z.string(),
  entry: z.string(),
  time: rfc3339,
  reason: z.string().describe('An error code'),
  message: z.string(),
  event: z.string(),
  sink: z.string().exactOptional().describe('The sink that could not deliver the event'),
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

const unusable = (name: string): BelfryError =>
  new BelfryError('parameter_invalid', `The parameter ${name} is not usable. Expected ${EXPECTED[name]}.`);
const EXPECTED: Readonly<Record<string, string>> = {
  sink: 'the name of a sink: 1 to 64 letters, digits, _ or -',
  message: 'a sentence of 1 to 500 characters that says why the event was not delivered',
};
const UNDELIVERED = {
  sink: required(checked(z.string().regex(SINK_NAME).describe('The name of the sink'), unusable)),
  message: required(
    checked(z.string().min(1).max(500).describe('Why it was not delivered, and what was expected'), unusable),
  ),
};

/**
 * Entries that the ingress could not accept, and events that sinks could not deliver. Reading one needs a grant to receive
 * `dead-letters.list.<id>`. Retrying or deleting one needs a grant to publish `dead-letters.retry.<id>`. Admins have both. A
 * sink adds, reads and deletes its own with a grant to publish `dead-letters.add.<sink>`. Without Redis there is no ingress.
 */
export const DEAD_LETTERS_ROUTES: readonly Route<DeadLettersDeps>[] = [
  route({
    id: 'listDeadLetters',
    method: 'get',
    path: '/api/v3/dead-letters',
    summary: 'List the dead letters: what the ingress could not accept, and what sinks could not deliver',
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
    id: 'addDeadLetter',
    method: 'post',
    path: '/api/v3/dead-letters',
    summary: 'Add an event that a sink could not deliver, which is the body',
    takesEvents: 'one',
    query: query(UNDELIVERED),
    answers: {
      201: json('The id of the dead letter', named('AddedDeadLetter', z.strictObject({ id: z.string() }))),
    },
    errors: [
      'forbidden',
      'parameter_invalid',
      'content_type_invalid',
      'encoding_unsupported',
      'request_invalid',
      'json_invalid',
      'event_invalid',
      'event_too_big',
    ],
    handler: async (
      { deadLetters, formats, redaction, eventMaxBytes }: DeadLettersDeps,
      { request, response, query: { sink, message } },
    ) => {
      const identity = identityOf(response);
      if (!isOwnSink(identity, sink)) throw forbidden(identity, `add dead letters of the sink ${sink}`);
      const body = readJson(await jsonBody(eventMaxBytes)(request, response));
      formats.parse(body);
      const id = body.fields?.['id'];
      const entry = typeof id === 'string' && isCursor(id) ? id : '';
      // The event stood in the log without its id, which is `"id":"…",`.
      const bytes = Buffer.byteLength(body.text) - (entry === '' ? 0 : entry.length + 8);
      if (bytes > eventMaxBytes) throw tooBig(bytes, eventMaxBytes);
      const event = redaction.maskText(body.text);
      const letter = { sink, entry, reason: 'delivery_failed', message, event };
      response.status(201).json({ id: await deadLetters.add(letter) });
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
      const letter = await deadLetters.get(id);
      if (!mayRead(identity, id) && !isOwn(identity, letter)) throw forbidden(identity, 'read dead letters');
      if (letter === undefined) throw notFound(id);
      response.json(seenBy(identity, redaction, letter));
    },
  }),
  route({
    id: 'retryDeadLetter',
    method: 'post',
    path: '/api/v3/dead-letters/{id}/retry',
    summary: 'Put a dead letter back at the end of the ingress, or ask its sink to deliver it again',
    answers: {
      204: { says: 'The entry is in the ingress; a letter of a sink stays until the sink has delivered it' },
    },
    errors: ['forbidden', 'not_found'],
    handler: async ({ deadLetters, broker, clock }: DeadLettersDeps, { response, params: { id } }) => {
      const { principal } = checkMayChange(response, id);
      const { sink } = (await deadLetters.get(id)) ?? {};
      if (sink !== undefined) {
        // The event itself is not published: whoever hears all events need not be permitted to see it.
        const event = { type: 'sink', action: 'redeliver', key: sink, principal, object: { letter: id } };
        const once = onceOf(`redeliver:${id}`, principal, digestOf(principal, [event]), clock.now());
        await broker.publish([event], once);
      } else if (!(await deadLetters.retry(id))) throw notFound(id);
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
      const identity = identityOf(response);
      if (!mayChange(identity, id) && !isOwn(identity, await deadLetters.get(id)))
        throw forbidden(identity, 'retry or delete dead letters');
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

/** The entry as the caller may see it. If the caller holds no role that a redaction excepts, its event is masked. */
function seenBy({ roles }: Identity, redaction: Redaction, letter: DeadLetter): DeadLetter {
  return { ...letter, event: redaction.viewOf(roles).maskText(letter.event) };
}
