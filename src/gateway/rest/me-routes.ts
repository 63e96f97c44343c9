import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { expiryOf } from '../../model/principal.ts';
import { identityOf } from '../auth/request-identity.ts';
import { json, named, route, type Route } from './route.ts';

const patterns = z.array(z.string());

const ME = named(
  'Me',
  z.strictObject({
    principal: z.string(),
    roles: patterns.describe('The names of its roles'),
    subscribe: patterns.describe('The patterns that it may subscribe to, those of its roles included'),
    publish: patterns.describe('The patterns that it may publish, those of its roles included'),
    expiresAt: rfc3339.nullable().describe('When the token ends; null if it never does'),
  }),
);

export const ME_ROUTES: readonly Route<unknown>[] = [
  route({
    id: 'getMe',
    method: 'get',
    path: '/api/v3/me',
    summary: 'Who the caller is, and what the caller may do',
    answers: { 200: json('The identity behind the credentials of the request', ME) },
    handler: (_deps: unknown, { response }) => {
      const identity = identityOf(response);
      const { principal, roles, subscribe, publish } = identity;
      response.json({
        principal,
        roles,
        subscribe: subscribe.patterns.map(({ text }) => text),
        publish: publish.patterns.map(({ text }) => text),
        expiresAt: expiryOf(identity),
      });
    },
  }),
];
