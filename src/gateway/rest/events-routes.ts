import type { HttpRequest } from '../http/exchange.ts';
import type { Request } from 'express';
import { z } from 'zod';
import type { Subscription } from '../../dialects/dialect.ts';
import { cloudEventsOf } from '../../dialects/cloudevents-encoding.ts';
import { gapForm, heardEvent, slowPolicy } from '../../dialects/native-messages.ts';
import { native, subscriptionsIn } from '../../dialects/native.ts';
import { Subscriptions } from '../../hub/subscriptions.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { readHistoryPage, type Page } from '../../hub/history-page.ts';
import { checkSubscriptionLimits } from '../../hub/subscription-limits.ts';
import { authorizeSubscribe } from '../../model/authorization.ts';
import { bound } from '../../model/bound.ts';
import { parsePosition } from '../../model/resume-position.ts';
import { BelfryError } from '../../model/errors.ts';
import { EVERYTHING } from '../../model/pattern.ts';
import type { Identity } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { identityOf } from '../auth/request-identity.ts';
import { accepted } from '../http/accepted.ts';
import { targetOf } from '../http/request-target.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { openStream, type StreamOptions, type StreamRequest } from '../sockets/event-stream.ts';
import { AS_CLOUDEVENTS, BATCH, CLOUD_EVENTS, cloudEventsPage } from './cloudevents-page.ts';
import { filters, headerText, pattern, position } from './event-forms.ts';
import { checked, digits, lenient, query, text, type Parameter, type Query } from './query.ts';
import { named, route, type Call, type Route } from './route.ts';

const LIMIT = 100;
const LIMIT_MAX = bound(
  'events of one page of history',
  1_000,
  'entries',
  'a larger limit is refused with parameter_invalid',
);
const TEXT_MAX = bound(
  'text that a page of history is searched for',
  200,
  'characters',
  'it is refused with parameter_invalid',
);
const STREAM = 'text/event-stream';

export interface EventsDeps extends StreamOptions {
  readonly cloudeventsSource: string;
  readonly eventLog: EventLog;
  readonly redaction: Redaction;
  readonly topicsMax: number;
  readonly reads: ReadLimiter;
}

/** Whether the answer is to be a stream. A client that takes anything gets JSON. */
export function wantsStream(request: HttpRequest): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || targetOf(request).path !== '/events') return false;
  return accepted(request, 'application/json', STREAM) === STREAM;
}

const asWritten = (form: z.ZodType): Parameter<string> => lenient(form, (written) => written);

/** The native dialect reads these together, in the same way as in the URL of a socket. */
const SUBSCRIPTIONS = {
  pattern: asWritten(
    z.array(pattern).min(1).describe('Any number of patterns type.action.key; if absent, all events'),
  ),
  filters: { ...asWritten(filters), asJson: true },
  slow: asWritten(slowPolicy),
} as const;

const PAGE = query({
  since: lenient(position('Only events after this position'), parsePosition),
  q: checked(
    text('Only events in whose JSON this stands, in capital or small letters').min(1).max(TEXT_MAX),
    () =>
      new BelfryError('parameter_invalid', `The text q is not usable. Expected 1 to ${TEXT_MAX} characters.`),
  ),
  until: lenient(position('Only events before this position'), parsePosition),
  limit: checked(
    digits(/^[1-9]\d{0,3}$/, z.int().min(1).max(LIMIT_MAX)),
    (_name, written) =>
      new BelfryError(
        'parameter_invalid',
        `The limit "${written.slice(0, 50)}" is not usable. Expected a whole number from 1 to ${LIMIT_MAX}.`,
      ),
  ),
});

const AS_SINCE = 'Like since, for streams; a position that cannot be read starts the stream with a gap';

interface EventsQuery {
  readonly subscriptions: readonly Subscription[];
  readonly as: 'cloudevents' | undefined;
  /** Only one of the two is read: a stream has no `until`, no `q` and no `limit`, and takes a `since` that a page refuses. */
  readonly page: () => ReturnType<(typeof PAGE)['read']>;
  readonly resume: () => Pick<StreamRequest, 'replay' | 'isLost'>;
}

const EVENTS: Query<EventsQuery> = {
  parameters: {
    ...SUBSCRIPTIONS,
    ...AS_CLOUDEVENTS.parameters,
    ...PAGE.parameters,
    lastEventId: asWritten(text(AS_SINCE)),
  },
  read(written, request) {
    if (!written.has('pattern')) written.set('pattern', EVERYTHING.text);
    return {
      subscriptions: subscriptionsIn(written),
      ...AS_CLOUDEVENTS.read(written, request),
      page: () => PAGE.read(written, request),
      resume: () => resumePosition(request, written),
    };
  },
};

const page = z.strictObject({
  events: z.array(heardEvent),
  cursor: z.string().describe('The value of since for the next page'),
  more: z.boolean(),
  earlier: z.string().optional().describe('The value of until for the page before'),
  gap: gapForm.optional(),
});

/** Past events as a page of JSON, or past and new events as a stream. */
export const EVENTS_ROUTES: readonly Route<EventsDeps>[] = [
  route({
    id: 'getEvents',
    method: 'get',
    path: '/api/v3/events',
    summary: 'Read past events as a page, or with Accept: text/event-stream past and new events as a stream',
    query: EVENTS,
    headers: { 'Last-Event-ID': headerText.describe(AS_SINCE) },
    answers: {
      200: {
        says: 'A page of events, or a stream whose data are events. With as=cloudevents, Belfry-Cursor and Link say where a page goes on',
        content: {
          'application/json': named('Page', page),
          [BATCH]: CLOUD_EVENTS,
          'text/event-stream': 'text',
        },
      },
    },
    errors: [
      'pattern_invalid',
      'filter_invalid',
      'json_invalid',
      'parameter_invalid',
      'cursor_invalid',
      'forbidden',
      'limit_reached',
      'reads_exceeded',
    ],
    before: (_deps: EventsDeps, { response }) => void response.vary('Accept'),
    handler: async (
      deps: EventsDeps,
      { request, response, query: { subscriptions, as, page: asked, resume } },
    ) => {
      const identity = identityOf(response);
      checkMaySubscribe(deps, identity, subscriptions);
      if (!wantsStream(request))
        return sendPage(deps, { request, response, subscriptions }, { ...asked(), as });
      const from = resume();
      if (request.method === 'HEAD') return void response.type(STREAM).end();
      return openStream(deps, request, response, {
        identity,
        subscriptions,
        data: as === undefined ? native : cloudEventsOf(deps.cloudeventsSource),
        ...from,
      });
    },
  }),
];

/**
 * The position that a browser sends after it lost the stream counts more than the one of its page. A browser repeats what it
 * was told, so a position that cannot be read starts the stream with a gap: a refusal would be repeated for ever.
 */
function resumePosition(
  request: Request,
  written: URLSearchParams,
): Pick<StreamRequest, 'replay' | 'isLost'> {
  const { 'last-event-id': header } = request.headers;
  const heard = [header, written.get('lastEventId')].find(
    (given) => typeof given === 'string' && given !== '',
  );
  const since = written.get('since');
  if (typeof heard === 'string') {
    try {
      return { replay: parsePosition(heard) };
    } catch {
      return { isLost: true };
    }
  }
  return since === null || since === '' ? {} : { replay: parsePosition(since) };
}

/** Runs before anything is answered. @throws BelfryError */
export function checkMaySubscribe(
  { topicsMax }: Pick<EventsDeps, 'topicsMax'>,
  identity: Identity,
  subscriptions: readonly Subscription[],
): void {
  authorizeSubscribe(identity, subscriptions, (error) => {
    throw error;
  });
  checkSubscriptionLimits({ subscriptions: new Subscriptions(), limits: {} }, subscriptions, [], topicsMax);
}

async function sendPage(
  { eventLog, redaction, reads, clock, cloudeventsSource }: EventsDeps,
  {
    request,
    response,
    subscriptions,
  }: Pick<Call<EventsQuery>, 'request' | 'response'> & Pick<EventsQuery, 'subscriptions'>,
  { since, until, q, limit = LIMIT, as }: ReturnType<EventsQuery['page']> & Pick<EventsQuery, 'as'>,
): Promise<void> {
  const { roles, subscribe: grants } = identityOf(response);
  const asked = {
    grants,
    view: redaction.viewOf(roles),
    subscriptions,
    ...(since !== undefined && { since }),
    ...(q !== undefined && { text: q }),
    ...(until !== undefined && { until: until.since }),
    limit,
  };
  await reads.answer(response, async () => {
    const found = await readHistoryPage(eventLog, asked);
    if (as === undefined) return textOf(found);
    const { encode } = cloudEventsOf(cloudeventsSource);
    return cloudEventsPage(request, response, found, { encode, now: clock.now() });
  });
}

/** Each event is encoded as it would have been heard. */
async function textOf({ events, ...about }: Page): Promise<string> {
  const texts = await mapInSlices(events, (event) => native.encode(event));
  return `{"events":[${texts.join()}],${JSON.stringify(about).slice(1)}`;
}
