/** All HTTP routes that can exist, in the order in which they are tried and described. */
import type { Dialect } from '../../dialects/dialect.ts';
import { CLUSTERS_ROUTES } from './clusters-routes.ts';
import { CONSOLE_ROUTES } from './console-routes.ts';
import { CONNECTIONS_ROUTES, type ConnectionsDeps } from './connections-routes.ts';
import { DEAD_LETTERS_ROUTES, type DeadLettersDeps } from './dead-letters-routes.ts';
import { DOCS_ROUTES } from './docs-routes.ts';
import { DOCUMENTS_ROUTES } from './documents-routes.ts';
import { EVENTS_ROUTES, type EventsDeps } from './events-routes.ts';
import { EXPLAIN_ROUTES, type ExplainDeps } from './explain-routes.ts';
import { FRONT_PAGE_ROUTES } from './front-page-routes.ts';
import { HEALTH_ROUTES } from './health-routes.ts';
import { INFO_ROUTES, type InfoDeps } from './info-routes.ts';
import { LEASES_ROUTES, type LeasesDeps } from './leases-routes.ts';
import { MCP_ROUTES } from './mcp-routes.ts';
import { ME_ROUTES } from './me-routes.ts';
import { METRICS_ROUTES } from './metrics-routes.ts';
import { NODES_ROUTES, type NodesDeps } from './nodes-routes.ts';
import { PRESENCE_ROUTES, type PresenceDeps } from './presence-routes.ts';
import { PUBLISH_ROUTES, type PublishDeps } from './publish-routes.ts';
import { RETAINED_ROUTES, type RetainedDeps } from './retained-routes.ts';
import { SHARDS_ROUTES, type ShardsDeps } from './shards-routes.ts';
import { SIGN_IN_ERRORS, type DescribedRoute, type Route } from './route.ts';
import { RUNNERS_ROUTES, type RunnersDeps } from './runners-routes.ts';
import { TOKENS_ROUTES, type TokensDeps } from './tokens-routes.ts';
import { TOPICS_ROUTES, type TopicsDeps } from './topics-routes.ts';
import { USERS_ROUTES, type UsersDeps } from './users-routes.ts';

/** Everything that the routes under `/api/v3` need. */
export type ApiDeps = InfoDeps &
  UsersDeps &
  EventsDeps &
  PublishDeps &
  ExplainDeps &
  NodesDeps &
  DeadLettersDeps &
  ConnectionsDeps &
  RunnersDeps &
  PresenceDeps &
  TokensDeps &
  LeasesDeps &
  ShardsDeps &
  TopicsDeps &
  RetainedDeps;

/** The routes under `/api/v3`. */
export const API_ROUTES: readonly Route<ApiDeps>[] = [
  ...INFO_ROUTES,
  ...ME_ROUTES,
  ...USERS_ROUTES,
  ...EVENTS_ROUTES,
  ...PUBLISH_ROUTES,
  ...EXPLAIN_ROUTES,
  ...NODES_ROUTES,
  ...DEAD_LETTERS_ROUTES,
  ...CONNECTIONS_ROUTES,
  ...RUNNERS_ROUTES,
  ...PRESENCE_ROUTES,
  ...TOKENS_ROUTES,
  ...LEASES_ROUTES,
  ...SHARDS_ROUTES,
  ...TOPICS_ROUTES,
  // They come last, since they accept every name of a type.
  ...RETAINED_ROUTES,
];

export const ROUTES: readonly DescribedRoute[] = [
  ...HEALTH_ROUTES,
  ...METRICS_ROUTES,
  ...FRONT_PAGE_ROUTES,
  ...CONSOLE_ROUTES,
  ...DOCS_ROUTES,
  ...DOCUMENTS_ROUTES,
  ...API_ROUTES,
  ...CLUSTERS_ROUTES,
  ...MCP_ROUTES,
];

export interface ServedBy {
  /** The served dialects, and the names of those that may be used without a token. */
  readonly dialects: readonly Dialect[];
  readonly anonymous: readonly string[];
  /** Whether metrics have a listener of their own and are not served on the others. */
  readonly metricsApart: boolean;
  /** Whether agents are served. */
  readonly mcp: boolean;
}

/** The routes that a node with these settings serves. */
export function servedRoutes({ dialects, anonymous, metricsApart, mcp }: ServedBy): DescribedRoute[] {
  const absent = new Set(
    [...(metricsApart ? METRICS_ROUTES : []), ...(mcp ? [] : MCP_ROUTES)].map(({ id }) => id),
  );
  const served = ROUTES.filter(({ id, of }) =>
    of === undefined ? !absent.has(id) : dialects.some(({ name }) => name === of),
  );
  return served.map((route) => {
    const { of, errors = [] } = route;
    if (of === undefined || anonymous.includes(of)) return route;
    return { ...route, open: false, errors: [...SIGN_IN_ERRORS, ...errors] };
  });
}
