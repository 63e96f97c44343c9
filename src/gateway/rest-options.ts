import type { AsyncApiOptions } from './api-docs/asyncapi.ts';
import type { McpOptions } from './mcp/mcp-router.ts';
import type { ApiOptions } from './rest/api-router.ts';
import type { ClustersOptions } from './rest/clusters-routes.ts';
import type { RejectedInput } from '../telemetry/rejected-input.ts';

/** What the routes of a node need. */
export type RestOptions = ApiOptions &
  ClustersOptions &
  McpOptions &
  Omit<AsyncApiOptions, 'byDefault' | 'tls'> & {
    readonly rejected: RejectedInput;
    readonly allowedOrigins: readonly string[];
  };
