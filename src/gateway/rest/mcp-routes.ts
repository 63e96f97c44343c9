import type { Request, Response } from 'express';
import { z } from 'zod';
import { named, route, SIGN_IN_ERRORS, type Route } from './route.ts';

export interface McpDeps {
  readonly mcp: { answer(request: Request, response: Response): Promise<void> };
}

const MESSAGE = named(
  'McpMessage',
  z.looseObject({ jsonrpc: z.literal('2.0') }).describe('A message of the Model Context Protocol'),
);

/** For agents. It is Streamable HTTP of the Model Context Protocol, without sessions, so that any node answers any request. */
export const MCP_ROUTES: readonly Route<McpDeps>[] = [
  route({
    id: 'callMcp',
    method: 'post',
    path: '/mcp',
    summary: 'Speak the Model Context Protocol, by which an agent waits for events, reads them and asks why',
    takesMessage: MESSAGE,
    answers: {
      200: {
        says: 'The answer, or a stream of server-sent events that ends with the answer',
        content: { 'application/json': MESSAGE, 'text/event-stream': 'text' },
      },
      202: { says: 'The message needs no answer' },
      400: {
        says: 'The message is none of the protocol',
        content: { 'application/json': named('McpRefusal', z.looseObject({})) },
      },
    },
    errors: [
      ...SIGN_IN_ERRORS,
      'origin_forbidden',
      'json_invalid',
      'content_type_invalid',
      'encoding_unsupported',
      'event_too_big',
      'request_invalid',
      'not_acceptable',
      'unavailable',
      'internal',
    ],
    handler: ({ mcp }: McpDeps, { request, response }) => mcp.answer(request, response),
  }),
];
