import { z } from 'zod';
import type { Leases } from '../../broker/leases.ts';
import { BelfryError } from '../../model/errors.ts';
import {
  LEASE_HOLDER_MAX,
  LEASE_NAME,
  LEASE_TTL_MAX_MS,
  LEASE_TTL_MIN_MS,
  LEASE_TTL_MS,
} from '../../model/lease.ts';
import { identityOf } from '../auth/request-identity.ts';
import { mayLease } from '../auth/visibility.ts';
import { checked, digits, query, required } from './query.ts';
import { json, named, route, type Route } from './route.ts';

export interface LeasesDeps {
  readonly leases: Leases;
}

const NAMES = {
  name: checked(
    z.string().regex(LEASE_NAME),
    () =>
      new BelfryError(
        'parameter_invalid',
        'The name of the lease is not usable. Expected 1 to 200 letters, digits and _ : . -',
      ),
  ),
};

const HOLDER = required(
  checked(
    z
      .string()
      .regex(/^\P{Cc}+$/u)
      .max(LEASE_HOLDER_MAX)
      .describe('Who takes it, such as the name of the host and the process; the principal counts as well'),
    () =>
      new BelfryError(
        'parameter_invalid',
        `The parameter holder is not usable. Expected a name of 1 to ${LEASE_HOLDER_MAX} characters that no other holder has.`,
      ),
  ),
);

const TTL = checked(
  digits(/^\d{1,9}$/, z.int().min(LEASE_TTL_MIN_MS).max(LEASE_TTL_MAX_MS)).describe(
    `For how long; if absent, ${LEASE_TTL_MS} ms`,
  ),
  () =>
    new BelfryError(
      'parameter_invalid',
      `The parameter ttlMs is not usable. Expected ${LEASE_TTL_MIN_MS} to ${LEASE_TTL_MAX_MS} milliseconds.`,
    ),
);

const LEASE = named(
  'Lease',
  z.strictObject({
    name: z.string(),
    holder: z.string(),
    principal: z.string(),
    fence: z.int().min(1).describe('A number that grows with each new holder; a publish may name it'),
    ttlMs: z.int().min(0).describe('After how many milliseconds it ends, unless its holder takes it again'),
  }),
);

/** Leases: what only one of several replicas holds at a time. */
export const LEASES_ROUTES: readonly Route<LeasesDeps>[] = [
  route({
    id: 'takeLease',
    method: 'put',
    path: '/api/v3/leases/{name}',
    names: NAMES,
    summary: 'Take a lease that nobody holds, or renew it',
    query: query({ holder: HOLDER, ttlMs: TTL }),
    answers: { 200: json('The lease, which the caller holds now', LEASE) },
    errors: ['parameter_invalid', 'forbidden', 'lease_held', 'limit_reached'],
    before: (_deps, { response, params: { name } }) => mayLease(identityOf(response), name),
    handler: async (
      { leases }: LeasesDeps,
      { response, params: { name }, query: { holder, ttlMs = LEASE_TTL_MS } },
    ) => {
      const { principal } = identityOf(response);
      response.json(await leases.take(name, { holder, principal }, ttlMs));
    },
  }),
  route({
    id: 'getLease',
    method: 'get',
    path: '/api/v3/leases/{name}',
    names: NAMES,
    summary: 'Who holds a lease',
    answers: { 200: json('The lease', LEASE) },
    errors: ['parameter_invalid', 'forbidden', 'not_found'],
    before: (_deps, { response, params: { name } }) => mayLease(identityOf(response), name),
    handler: async ({ leases }: LeasesDeps, { response, params: { name } }) => {
      const lease = await leases.get(name);
      if (lease === undefined) throw new BelfryError('not_found', 'Nobody holds this lease.');
      response.json(lease);
    },
  }),
  route({
    id: 'releaseLease',
    method: 'delete',
    path: '/api/v3/leases/{name}',
    names: NAMES,
    summary: 'End a lease that the caller holds, so that another holder can take it at once',
    query: query({ holder: HOLDER }),
    answers: { 204: { says: 'The caller does not hold it any more' } },
    errors: ['parameter_invalid', 'forbidden', 'lease_held'],
    before: (_deps, { response, params: { name } }) => mayLease(identityOf(response), name),
    handler: async ({ leases }: LeasesDeps, { response, params: { name }, query: { holder } }) => {
      const { principal } = identityOf(response);
      await leases.release(name, { holder, principal });
      response.status(204).end();
    },
  }),
];
