import type { Response } from 'express';
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import type { Principal } from '../../model/principal.ts';
import { momentOf } from '../../model/time.ts';
import type { Control } from '../../registry/control.ts';
import { identityOf } from '../auth/request-identity.ts';
import { mayRevoke } from '../auth/visibility.ts';
import { checked, lenient, query, required } from './query.ts';
import { json, named, route, type Route } from './route.ts';

const YEAR_MS = 365 * 86_400_000;

export interface TokensDeps {
  readonly control: Control;
  readonly clock: Clock;
}

/** The form of a principal or of the id of a token. */
const name = z.string().regex(/^\P{Cc}{1,300}$/u);

const notSaid = (): BelfryError =>
  new BelfryError(
    'not_acceptable',
    'The request names no tokens, so nothing was revoked. Expected an id, or a principal as in ?principal=user:ada.',
  );

const UNTIL = lenient(
  rfc3339.describe('The end of the revocation; if absent, it ends after a year'),
  (written) => {
    const until = momentOf(written);
    if (until !== undefined) return until;
    throw new BelfryError(
      'time_invalid',
      'The parameter until is not a time. Expected the format of RFC 3339, as in 2026-01-15T10:30:00Z.',
    );
  },
);

const UNTIL_WHEN = {
  200: json(
    'The revocation and its end',
    named('Revocation', z.strictObject({ Id: z.string(), Until: rfc3339 })),
  ),
};

export const TOKENS_ROUTES: readonly Route<TokensDeps>[] = [
  route({
    id: 'revokeToken',
    method: 'delete',
    path: '/api/v3/tokens/{id}',
    names: { id: checked(name, notSaid) },
    summary: 'Revoke a token (jti) with all that were renewed from it, or a session (sid), on all nodes',
    query: query({ until: UNTIL }),
    answers: UNTIL_WHEN,
    errors: ['time_invalid', 'forbidden', 'limit_reached'],
    handler: (deps: TokensDeps, { response, params: { id }, query: { until } }) =>
      revoke(deps, response, { id }, until),
  }),
  route({
    id: 'revokePrincipal',
    method: 'delete',
    path: '/api/v3/tokens',
    summary: 'Revoke all tokens for which a principal has signed in so far, on all nodes',
    query: query({
      principal: required(checked(name.describe('A principal, as in user:ada'), notSaid)),
      until: UNTIL,
    }),
    answers: UNTIL_WHEN,
    errors: ['time_invalid', 'forbidden', 'limit_reached'],
    handler: (deps: TokensDeps, { response, query: { principal, until } }) =>
      revoke(deps, response, { principal, before: deps.clock.now() }, until),
  }),
];

/**
 * Revokes tokens. The revocation must outlast the tokens. The node does not know when they end, so the revocation
 * lasts a year unless the request names its end.
 */
async function revoke(
  { control, clock }: TokensDeps,
  response: Response,
  of: { readonly id: string } | { readonly principal: Principal; readonly before: number },
  until = clock.now() + YEAR_MS,
): Promise<void> {
  const key = 'id' in of ? of.id : of.principal;
  mayRevoke(identityOf(response), key);
  await control.send({ kind: 'revoke', ...of, until });
  response.json({ Id: key, Until: new Date(until).toISOString() });
}
