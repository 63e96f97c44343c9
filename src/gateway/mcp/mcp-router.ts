import express, { type Router } from 'express';
import type { Logger } from 'pino';
import { asMiddleware } from '../http/handler.ts';
import { identifies, type ApiOptions } from '../rest/api-router.ts';
import { MCP_ROUTES } from '../rest/mcp-routes.ts';
import { mount } from '../rest/route.ts';
import { McpEndpoint, type McpEndpointOptions } from './mcp-endpoint.ts';

export type McpOptions = Omit<McpEndpointOptions, 'logFault'> &
  Pick<ApiOptions, 'authenticator' | 'api'> & {
    /** Whether agents are served. */
    readonly mcp: boolean;
  };

/** The route for agents, which need the same credentials as callers of the API. */
export function mcpRouter(options: McpOptions, log: Logger): Router {
  const router = express.Router({ caseSensitive: true });
  router.use(asMiddleware(identifies(options)));
  const mcp = new McpEndpoint({
    ...options,
    logFault: (error) => log.error({ err: error.cause }, 'call of a tool failed'),
  });
  mount(router, '/mcp', MCP_ROUTES, { mcp });
  return router;
}
