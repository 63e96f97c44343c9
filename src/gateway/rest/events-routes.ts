import type { Request, Response } from 'express';
import type { Subscription } from '../../dialects/dialect.ts';
import { native, parsePosition, subscriptionsIn } from '../../dialects/native.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { Subscriptions } from '../../hub/subscriptions.ts';
import { readHistoryPage, type Page } from '../../hub/history-page.ts';
import { checkSubscriptionLimits } from '../../hub/subscription-limits.ts';
import { authorizeSubscribe } from '../../model/authorization.ts';
import { END } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { EVERYTHING } from '../../model/pattern.ts';
import type { Identity } from '../../model/principal.ts';
import type { Redaction } from '../../model/redaction.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import { targetOf } from '../sockets/handshake.ts';
import type { Reads } from '../http/reads.ts';
import { openStream, type StreamOptions, type StreamRequest } from '../sockets/event-stream.ts';
import { bound } from '../../model/bound.ts';

const LIMIT = 100;
const LIMIT_MAX = bound(
  'events of one page of history',
  1_000,
  'entries',
  'a larger limit is refused with parameter_invalid',
);
const STREAM = 'text/event-stream';

export interface EventsOptions extends StreamOptions {
  readonly eventLog: Pick<EventLog, 'history' | 'position'>;
  readonly redaction: Redaction;
  readonly topicsMax: number;
  readonly reads: Reads;
}

/** Whether the answer is to be a stream. Who takes anything gets JSON. */
export function wantsStream(request: Request): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.path === '/events' && request.accepts(['application/json', STREAM]) === STREAM;
}

/** `GET /api/v3/events`: what was, as a page of JSON, or what was and is, as a stream. */
export async function getEvents(
  options: EventsOptions,
  request: Request,
  response: Response,
  identity: Identity,
): Promise<void> {
  const { query } = targetOf(request);
  response.vary('Accept');
  const subscriptions = subscriptionsOf(options, identity, query);
  if (!wantsStream(request)) return getPage(options, query, response, identity, subscriptions);
  const from = resumePosition(request, query);
  if (request.method === 'HEAD') return void response.type(STREAM).end();
  await openStream(options, request, response, { identity, subscriptions, ...from });
}

/**
 * What a browser knows since it lost the stream counts more than what its page said when it began; and it sends again
 * whatever it was told, so that a place which cannot be read is no reason to refuse it for ever.
 */
function resumePosition(request: Request, query: URLSearchParams): Pick<StreamRequest, 'replay' | 'isLost'> {
  const { 'last-event-id': header } = request.headers;
  const heard = [header, query.get('lastEventId')].find((text) => typeof text === 'string' && text !== '');
  const since = query.get('since');
  if (typeof heard === 'string') {
    try {
      return { replay: parsePosition(heard) };
    } catch {
      return { isLost: true };
    }
  }
  return since === null || since === '' ? {} : { replay: parsePosition(since) };
}

/** @throws BelfryError, before anything was answered */
function subscriptionsOf(
  { topicsMax }: EventsOptions,
  identity: Identity,
  query: URLSearchParams,
): readonly Subscription[] {
  if (!query.has('pattern')) query.set('pattern', EVERYTHING.text);
  const subscriptions = subscriptionsIn(query);
  authorizeSubscribe(identity, subscriptions, (error) => {
    throw error;
  });
  checkSubscriptionLimits({ subscriptions: new Subscriptions(), limits: {} }, subscriptions, [], topicsMax);
  return subscriptions;
}

async function getPage(
  { eventLog, redaction, reads }: EventsOptions,
  query: URLSearchParams,
  response: Response,
  { roles, subscribe: grants }: Identity,
  subscriptions: readonly Subscription[],
): Promise<void> {
  const since = query.get('since');
  const pageQuery = {
    grants,
    view: redaction.viewOf(roles),
    subscriptions,
    ...(since !== null && { since: parsePosition(since) }),
    until: query.has('until') ? parsePosition(query.get('until') ?? '').since : END,
    limit: limitOf(query),
  };
  await reads.answer(response, async () => textOf(await readHistoryPage(eventLog, pageQuery)));
}

/** Each event is encoded as it would have been heard. */
async function textOf({ events, ...about }: Page): Promise<string> {
  const texts = await mapInSlices(events, (event) => native.encode(event));
  return `{"events":[${texts.join()}],${JSON.stringify(about).slice(1)}`;
}

function limitOf(query: URLSearchParams): number {
  const asked = query.get('limit');
  if (asked === null) return LIMIT;
  if (/^[1-9]\d{0,3}$/.test(asked) && Number(asked) <= LIMIT_MAX) return Number(asked);
  throw new BelfryError(
    'parameter_invalid',
    `The limit "${asked.slice(0, 50)}" is not usable. Expected a whole number from 1 to ${LIMIT_MAX}.`,
  );
}
