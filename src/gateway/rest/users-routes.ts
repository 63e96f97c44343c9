import { z } from 'zod';
import { BelfryError } from '../../model/errors.ts';
import { credentialsIn } from '../auth/request-identity.ts';
import type { TokenIssuer } from '../auth/token-issuer.ts';
import { addressOf } from '../http/client-address.ts';
import { checked, digits, query } from './query.ts';
import { json, named, route, type Route } from './route.ts';

export interface UsersDeps {
  readonly issuer: TokenIssuer;
  readonly tokenTtlS: number;
  readonly trustedHops: number;
}

const TTL = checked(
  digits(/^[1-9]\d{0,8}$/, z.int().min(1).max(999_999_999)).describe(
    'The lifetime in seconds; the token never outlives the sign-in',
  ),
  () => new BelfryError('ttl_invalid', 'The ttl is not usable. Expected a positive whole number of seconds.'),
);

export const USERS_ROUTES: readonly Route<UsersDeps>[] = [
  route({
    id: 'getToken',
    method: 'get',
    path: '/api/v3/users/{name}/token',
    ofDrp: true,
    summary: "Make a token of one's own, or as an admin a token of any configured user",
    query: query({ ttl: TTL }),
    answers: {
      200: json('The token', named('Token', z.strictObject({ Token: z.string(), Info: z.strictObject({}) }))),
    },
    errors: ['ttl_invalid', 'session_ended', 'forbidden', 'not_found', 'signing_unavailable'],
    handler: async (
      { issuer, tokenTtlS, trustedHops }: UsersDeps,
      { request, response, params, query: { ttl = tokenTtlS } },
    ) => {
      const address = addressOf(request, trustedHops);
      const Token = await issuer.issue(credentialsIn(request), address, params.name, ttl);
      response.json({ Token, Info: {} });
    },
  }),
];
