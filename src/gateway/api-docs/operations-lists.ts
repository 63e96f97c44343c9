import { rfc3339 } from '../../dialects/shapes.ts';
import { json, text, type Operation } from './operation.ts';
import { conditions, name, order, paging } from './parameters.ts';
import { CURSOR } from '../http/page-headers.ts';
import { RUNNERS } from '../rest/presence-routes.ts';

const COUNTS = ['X-DRP-LIST-TOTAL-COUNT', 'X-DRP-LIST-COUNT'];
const PAGES = [...COUNTS, CURSOR];

const ALL = { ...conditions, ...order, ...paging };

const UNTIL = rfc3339.describe('How long; a year when absent');

function runnerOperations(type: (typeof RUNNERS)[number]): Operation[] {
  return [
    {
      id: `list_${type}_connections`,
      method: 'get',
      path: `/api/v3/${type}/{uuid}/connections`,
      summary: 'The connections of runner:<uuid>',
      query: ALL,
      answers: { 200: json('Those that all filters leave', 'Connections', PAGES) },
      errors: ['reads_exceeded'],
    },
    {
      id: `get_${type}_presence`,
      method: 'get',
      path: `/api/v3/${type}/{uuid}/presence`,
      summary: 'Whether runner:<uuid> is there',
      answers: { 200: json('Whether, and since when', 'Presence', [CURSOR]) },
      errors: ['not_found'],
    },
  ];
}

/** Dead letters, who is connected, and what is kept. A table. */
export const LISTS: readonly Operation[] = [
  {
    id: 'listNodes',
    method: 'get',
    path: '/api/v3/nodes',
    summary:
      'The nodes that share the Redis, as each last said of itself; what the caller may hear as nodes.list.<name>',
    answers: { 200: json('In the order of their names', 'Nodes') },
    errors: ['forbidden', 'reads_exceeded'],
  },
  {
    id: 'listDeadLetters',
    method: 'get',
    path: '/api/v3/dead-letters',
    summary: 'What the ingress could not accept',
    query: paging,
    answers: {
      200: json('Oldest first, 1,000 at most; the header Link names the next page', 'DeadLetters', COUNTS),
    },
    errors: ['forbidden', 'reads_exceeded'],
  },
  {
    id: 'getDeadLetter',
    method: 'get',
    path: '/api/v3/dead-letters/{id}',
    summary: 'One of it',
    answers: { 200: json('With its text', 'DeadLetter') },
    errors: ['forbidden', 'not_found'],
  },
  {
    id: 'retryDeadLetter',
    method: 'post',
    path: '/api/v3/dead-letters/{id}/retry',
    summary: 'Back into the ingress, as its last',
    answers: { 204: { says: 'It is there' } },
    errors: ['forbidden', 'not_found'],
  },
  {
    id: 'deleteDeadLetter',
    method: 'delete',
    path: '/api/v3/dead-letters/{id}',
    summary: 'Forget it',
    answers: { 204: { says: 'It is forgotten' } },
    errors: ['forbidden', 'not_found'],
  },
  {
    id: 'listConnections',
    method: 'get',
    path: '/api/v3/connections',
    summary: 'Who is connected, on all nodes',
    query: ALL,
    answers: {
      200: json(
        'A page of those that all filters leave; the header Link names the next one',
        'Connections',
        PAGES,
      ),
    },
    errors: ['reads_exceeded'],
  },
  {
    id: 'closeConnections',
    method: 'delete',
    path: '/api/v3/connections',
    summary: 'Close what the filters leave, with 4009, up to 10,000 at a time; at least one filter',
    query: ALL,
    answers: {
      200: json('Those that were closed; the header Link says that there are more', 'Connections', COUNTS),
    },
    errors: ['forbidden'],
  },
  {
    id: 'getConnection',
    method: 'get',
    path: '/api/v3/connections/{name}',
    summary: 'One connection',
    answers: { 200: json('The newest of that ip:port, or that of the id', 'Connection') },
    errors: ['not_found'],
  },
  {
    id: 'closeConnection',
    method: 'delete',
    path: '/api/v3/connections/{name}',
    summary: 'Close it with 4009, on whichever node it is',
    answers: { 200: json('As it was', 'Connection') },
    errors: ['forbidden', 'not_found'],
  },
  ...RUNNERS.flatMap(runnerOperations),
  {
    id: 'getPresence',
    method: 'get',
    path: '/api/v3/presence',
    summary: 'Whether somebody is there, or who is',
    query: { principal: text('Who, as user:ada; all who are online when absent').min(1), ...paging },
    answers: {
      200: json(
        'Of one with the connections, of all a page without, and Link names the next',
        'PresenceOrOnline',
        [CURSOR],
      ),
    },
    errors: ['not_found', 'reads_exceeded'],
  },
  {
    id: 'revokeToken',
    method: 'delete',
    path: '/api/v3/tokens/{id}',
    names: { id: name },
    summary: 'No node takes the token of this jti, nor what was renewed from it, nor the tokens of this sid',
    query: { until: UNTIL },
    answers: { 200: json('Until when', 'Revocation') },
    errors: ['time_invalid', 'forbidden', 'limit_reached'],
  },
  {
    id: 'revokePrincipal',
    method: 'delete',
    path: '/api/v3/tokens',
    summary: 'No node takes any token for which this principal has signed in so far',
    query: { principal: name.describe('Whose, as user:ada'), until: UNTIL },
    required: ['principal'],
    answers: { 200: json('Until when', 'Revocation') },
    errors: ['time_invalid', 'forbidden', 'limit_reached'],
  },
  {
    id: 'listRetained',
    method: 'get',
    path: '/api/v3/{type}',
    summary: 'The latest object of each key, of a type that a rule keeps',
    query: paging,
    answers: {
      200: json(
        'In the order of the keys; of a page that has one, the header Link names the next',
        'Objects',
        COUNTS,
      ),
    },
    errors: ['not_found', 'reads_exceeded'],
  },
  {
    id: 'getRetained',
    method: 'get',
    path: '/api/v3/{type}/{key}',
    summary: 'The latest object of one key',
    answers: { 200: json('The object', 'AnyJson') },
    errors: ['not_found'],
  },
  {
    id: 'listClusters',
    method: 'get',
    path: '/api/clusters',
    summary: "Dorgu's clusters",
    open: true,
    of: 'dorgu',
    query: paging,
    answers: {
      200: json(
        'In the order of their names, 1,000 at most; the header Link names the next page',
        'Clusters',
        COUNTS,
      ),
    },
    errors: ['parameter_invalid', 'reads_exceeded', 'origin_forbidden', 'unavailable', 'internal'],
  },
  {
    id: 'getCluster',
    method: 'get',
    path: '/api/clusters/{name}',
    summary: 'One of them',
    open: true,
    of: 'dorgu',
    answers: {
      200: json('With spec and status', 'Cluster'),
      404: { says: 'There is none of that name', content: { 'text/plain': 'text' } },
    },
    errors: ['origin_forbidden', 'unavailable', 'internal'],
  },
];
