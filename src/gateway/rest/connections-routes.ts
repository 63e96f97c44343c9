import type { Request, Response } from 'express';
import { z } from 'zod';
import type { EventLog } from '../../hub/event-log.ts';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { mapInSlices } from '../../model/time-slice.ts';
import type { Control } from '../../registry/control.ts';
import { ANYBODY, PAGE_MAX, type ConnectionQuery } from '../../registry/connection-query.ts';
import type { ConnectionPage, ConnectionRecord, Registry } from '../../registry/registry.ts';
import type { Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { mayClose, visibleBy } from '../auth/visibility.ts';
import { COUNTS, CURSOR, setCounts } from '../http/pagination.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { Closer } from './connection-closer.ts';
import { withDeliveries } from './connection-deliveries.ts';
import {
  connection,
  CONNECTIONS_QUERY,
  DETAIL_QUERY,
  detailed,
  LIST_QUERY,
  type ConnectionFinder,
  type ListQuery,
} from './connection-forms.ts';
import { json, named, route, type Call, type Route } from './route.ts';

const PAGE = bound(
  'connections of one page where the request names no limit',
  1_000,
  'entries',
  'the page ends there, and the header Link names the next one',
);

export interface ConnectionsDeps {
  readonly registry: Registry;
  readonly eventLog: Pick<EventLog, 'position'>;
  readonly control: Control;
  readonly survey: Survey;
  readonly clock: Clock;
  readonly reads: ReadLimiter;
}

const CONNECTION = named('Connection', connection);
const CONNECTIONS = named('Connections', z.array(connection));
const DETAILED = named('DetailedConnection', detailed);
export const LISTED = named('DetailedConnections', z.array(detailed));
export const PAGES = [...COUNTS, CURSOR];

/** Lists the connections whose events the caller may receive, and closes those that the caller may close. */
export const CONNECTIONS_ROUTES: readonly Route<ConnectionsDeps>[] = [
  route({
    id: 'listConnections',
    method: 'get',
    path: '/api/v3/connections',
    summary: 'List the connections of all nodes',
    query: LIST_QUERY,
    answers: {
      200: json(
        'A page of the connections that match all filters; the header Link names the next page',
        LISTED,
        PAGES,
      ),
    },
    errors: ['reads_exceeded'],
    handler: (deps: ConnectionsDeps, call) =>
      sendConnections(deps, call, visibleBy(identityOf(call.response).subscribe)),
  }),
  route({
    id: 'closeConnections',
    method: 'delete',
    path: '/api/v3/connections',
    summary:
      'Close the connections that match the filters (with 4009, at most 10,000 at a time); at least one filter is required',
    query: CONNECTIONS_QUERY,
    answers: {
      200: json(
        'The connections that were closed; a header Link says that there are more',
        CONNECTIONS,
        COUNTS,
      ),
    },
    errors: ['forbidden'],
    handler: closeConnections,
  }),
  route({
    id: 'getConnection',
    method: 'get',
    path: '/api/v3/connections/{name}',
    summary: 'Read one connection',
    query: DETAIL_QUERY,
    answers: {
      200: json('The newest connection with that ip:port, or the connection with that id', DETAILED),
    },
    errors: ['not_found', 'reads_exceeded'],
    handler: async (deps: ConnectionsDeps, { response, params, query: { detail } }) => {
      const [newest] = await find(deps, params.name, response, 1);
      if (newest === undefined) throw notFound();
      if (detail === undefined) return void response.json(newest);
      await deps.reads.answer(response, async () => {
        const [answer] = await withDeliveries(deps, [newest]);
        return JSON.stringify(answer);
      });
    },
  }),
  route({
    id: 'closeConnection',
    method: 'delete',
    path: '/api/v3/connections/{name}',
    summary: 'Close one connection with 4009, on any node',
    answers: { 200: json('The connection before it was closed', CONNECTION) },
    errors: ['forbidden', 'not_found'],
    handler: async (deps: ConnectionsDeps, { response, params }) => {
      const records = await find(deps, params.name, response, PAGE);
      const [newest] = records;
      if (newest === undefined) throw notFound();
      mayClose(identityOf(response), records);
      await new Closer(deps).close(records);
      response.json(newest);
    },
  }),
];

type Asked<Query> = Pick<Call<Query>, 'request' | 'response' | 'query'>;

/** Sends a page of the connections that the caller may see. */
export async function sendConnections(
  deps: Omit<ConnectionsDeps, 'control'>,
  { request, response, query: { finder, detail } }: Asked<ListQuery>,
  visible: ConnectionQuery['visible'],
): Promise<void> {
  const { registry, eventLog, reads } = deps;
  const query = finder(visible, PAGE);
  await reads.answer(response, async () => {
    // The position is read before the registry. An event that comes between the two may be in the list already, and is
    // received once more.
    response.set(CURSOR, eventLog.position);
    const page = await readPage(request, response, query, (asked) => registry.list(asked));
    return textOf(detail === undefined ? page : await withDeliveries(deps, page));
  });
}

/**
 * Reads one connection more than the page has, to know whether there is a next page. That page begins after this one,
 * or at the same offset if the connections of this one are closed.
 */
async function readPage(
  request: Request,
  response: Response,
  query: ConnectionQuery,
  read: (query: ConnectionQuery) => Promise<ConnectionPage>,
): Promise<readonly ConnectionRecord[]> {
  const limit = Math.min(query.limit, PAGE_MAX);
  const { records, total } = await read({ ...query, limit: limit + 1 });
  const page = records.slice(0, limit);
  const begin = request.method === 'DELETE' ? query.offset : query.offset + limit;
  const next = limit > 0 && records.length > limit ? begin : undefined;
  setCounts(request, response, { total, count: page.length, next });
  return page;
}

async function textOf(records: readonly ConnectionRecord[]): Promise<string> {
  const texts = await mapInSlices(records, (record) => JSON.stringify(record));
  return `[${texts.join()}]`;
}

/** The connections with that address or id, the newest first. Two nodes may show the same address. */
async function find(
  { registry }: Pick<ConnectionsDeps, 'registry'>,
  name: string,
  response: Response,
  limit: number,
): Promise<readonly ConnectionRecord[]> {
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

/**
 * Closes the connections that match the filters, at most one page of them. A request without a filter would close
 * everything, so it is refused.
 */
async function closeConnections(
  deps: ConnectionsDeps,
  { request, response, query: finder }: Asked<ConnectionFinder>,
): Promise<void> {
  const { registry, reads } = deps;
  const identity = identityOf(response);
  const query = finder(visibleBy(identity.subscribe), PAGE_MAX);
  if (query.filters.length === 0) {
    throw new BelfryError(
      'not_acceptable',
      'The request has no filter, so nothing was closed. Expected at least one filter, as in ?Principal=user:ada.',
    );
  }
  const closed = await readPage(request, response, query, async (asked) => {
    const page = await registry.list(asked);
    const records = page.records.slice(0, asked.limit - 1);
    mayClose(identity, records);
    await new Closer(deps).close(records);
    return page;
  });
  reads.send(response, await textOf(closed));
}

function notFound(): BelfryError {
  return new BelfryError('not_found', 'Not Found');
}
