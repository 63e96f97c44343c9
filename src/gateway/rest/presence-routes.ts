import type { Response } from 'express';
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { EventLog } from '../../hub/event-log.ts';
import { bound } from '../../model/bound.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Principal } from '../../model/principal.ts';
import type { PresenceReader, Presence, Seen } from '../../registry/registry.ts';
import { identityOf } from '../auth/request-identity.ts';
import { narrowed, visibleBy } from '../auth/visibility.ts';
import { CURSOR, setCounts } from '../http/pagination.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { connection } from './connection-forms.ts';
import { checked, paging, query, text, type Query } from './query.ts';
import { json, named, route, type Call, type Route } from './route.ts';

const PAGE_MAX = bound(
  'principals of one page of presence',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

export interface PresenceDeps {
  readonly registry: PresenceReader;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly reads: ReadLimiter;
}

const presence: z.ZodType<Presence> = z.strictObject({
  principal: z.string(),
  online: z.boolean(),
  since: rfc3339.nullable(),
  lastSeen: rfc3339.nullable(),
  connections: z.array(connection),
});

const seen: z.ZodType<Seen> = z.strictObject({
  principal: z.string(),
  online: z.boolean(),
  since: rfc3339.nullable(),
  lastSeen: rfc3339.nullable(),
});

export const PRESENCE = named('Presence', presence);

const PRINCIPAL = checked(
  text('A principal, as in user:ada; if absent, all principals that are online are listed').min(1),
  () =>
    new BelfryError(
      'not_acceptable',
      'The parameter principal is empty. Expected a principal, as in ?principal=user:ada, or no such parameter for all that are online.',
    ),
);

interface Page {
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
}

const ONE = query({ principal: PRINCIPAL });
const ALL = query(paging('not_acceptable'));

/** Only the list of all principals has pages. */
const ONE_OR_ALL: Query<Page & { readonly principal?: Principal | undefined }> = {
  parameters: { ...ONE.parameters, ...ALL.parameters },
  read: (written, request) => (written.has('principal') ? ONE : ALL).read(written, request),
};

/** The presence of principals, as far as the caller may receive their events. */
export const PRESENCE_ROUTES: readonly Route<PresenceDeps>[] = [
  route({
    id: 'getPresence',
    method: 'get',
    path: '/api/v3/presence',
    summary: 'Read whether one principal is online, or list all that are',
    query: ONE_OR_ALL,
    answers: {
      200: json(
        'One principal with its connections, or a page of all principals without theirs; the header Link names the next page',
        named('PresenceOrOnline', z.union([presence, z.array(seen)])),
        [CURSOR],
      ),
    },
    errors: ['not_found', 'reads_exceeded'],
    handler: (deps: PresenceDeps, call) => {
      const { principal } = call.query;
      return principal === undefined ? sendOnline(deps, call) : sendPresence(deps, principal, call.response);
    },
  }),
];

export async function sendPresence(
  { registry, eventLog }: PresenceDeps,
  principal: Principal,
  response: Response,
): Promise<void> {
  const visible = narrowed(visibleBy(identityOf(response).subscribe), principal);
  if (visible.length === 0) throw new BelfryError('not_found', 'Not Found');
  // The position is read before the registry. An event that comes between the two may be in the answer already, and is
  // received once more.
  response.set(CURSOR, eventLog.position);
  response.json(await registry.presence(principal));
}

async function sendOnline(
  { registry, eventLog, reads }: PresenceDeps,
  { request, response, query: { offset = 0, limit: requested = PAGE_MAX } }: Call<Page, never>,
): Promise<void> {
  const limit = Math.min(requested, PAGE_MAX);
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
