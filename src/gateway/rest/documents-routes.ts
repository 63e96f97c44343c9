import type { Request, Response } from 'express';
import { anyObject } from '../../dialects/shapes.ts';
import { json, named, route, type Route } from './route.ts';

/** Sends a document as this listener describes it. */
type SendDocument = (request: Request, response: Response) => void;

export interface DocumentsDeps {
  readonly openapi: SendDocument;
  readonly asyncapi: SendDocument;
}

const DOCUMENT = named('Document', anyObject);

export const DOCUMENTS_ROUTES: readonly Route<DocumentsDeps>[] = [
  route({
    id: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    summary: 'Read this description of the HTTP routes',
    open: true,
    answers: { 200: json('OpenAPI 3.1', DOCUMENT) },
    handler: ({ openapi }: DocumentsDeps, { request, response }) => openapi(request, response),
  }),
  route({
    id: 'getAsyncApi',
    method: 'get',
    path: '/asyncapi.json',
    summary: 'Read the description of the sockets and of Redis',
    open: true,
    answers: { 200: json('AsyncAPI 3.0', DOCUMENT) },
    handler: ({ asyncapi }: DocumentsDeps, { request, response }) => asyncapi(request, response),
  }),
];
