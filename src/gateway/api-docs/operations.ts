import { z } from 'zod';
import { dialectNames } from '../../dialects/index.ts';
import { SLOW_POLICIES } from '../../dialects/native.ts';
import { MAX_IDEMPOTENCY_KEY } from '../../model/idempotency.ts';
import { json, SIGN_IN_ERRORS, text, type Operation } from './operation.ts';
import { LISTS } from './operations-lists.ts';
import { cursor, filters, headerText, pattern, position } from './parameters.ts';
import type { Served } from './socket-channels.ts';

/** Mist has no form of its own for what is published. */
const WRITTEN = dialectNames.filter((name) => name !== 'mist');

/** Every route of HTTP that there can be; a test holds the table to the routes that express serves. */
export const OPERATIONS: readonly Operation[] = [
  {
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process lives',
    open: true,
    answers: { 200: json('It does', 'Health') },
  },
  {
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    summary: 'Whether events flow',
    open: true,
    answers: { 200: json('They do', 'Ready'), 503: json('They do not', 'NotReady') },
  },
  {
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    summary:
      'The numbers of this node, for Prometheus; an upgrade here is a socket of Provisioning, where that is served',
    open: true,
    answers: { 200: { says: 'All of them', content: { 'text/plain': 'text' } } },
  },
  {
    id: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    open: true,
    answers: { 200: json('OpenAPI 3.1', 'Document') },
  },
  {
    id: 'getAsyncApi',
    method: 'get',
    path: '/asyncapi.json',
    summary: 'The sockets, and what stands in Redis',
    open: true,
    answers: { 200: json('AsyncAPI 3.0', 'Document') },
  },
  {
    id: 'getInfo',
    method: 'get',
    path: '/api/v3/info',
    ofDrp: true,
    summary: 'About this node',
    answers: { 200: json('In the fields of DRP', 'Info') },
  },
  {
    id: 'getToken',
    method: 'get',
    path: '/api/v3/users/{name}/token',
    ofDrp: true,
    summary: "A token of one's own; for an admin, of any user of the configuration",
    query: {
      ttl: z.int().min(1).max(999_999_999).describe('Seconds that it holds, as far as the sign-in does'),
    },
    answers: { 200: json('The token', 'Token') },
    errors: ['ttl_invalid', 'session_ended', 'forbidden', 'not_found', 'signing_unavailable'],
  },
  {
    id: 'getEvents',
    method: 'get',
    path: '/api/v3/events',
    summary: 'What was, as a page; with Accept: text/event-stream what was and is, as a stream',
    query: {
      pattern: z
        .array(pattern)
        .min(1)
        .describe('type.action.key, any number of them; everything when absent'),
      filters,
      slow: z.enum(SLOW_POLICIES),
      since: position('After this'),
      until: position('Before this'),
      limit: z.int().min(1).max(1_000),
      lastEventId: text('As since, for streams; what is none is told as a gap'),
    },
    asJson: ['filters'],
    headers: { 'Last-Event-ID': headerText.describe('As since, for streams; what is none is told as a gap') },
    answers: {
      200: {
        says: 'A page, or a stream whose data are events',
        content: { 'application/json': 'Page', 'text/event-stream': 'text' },
      },
    },
    errors: [
      'pattern_invalid',
      'filter_invalid',
      'json_invalid',
      'parameter_invalid',
      'cursor_invalid',
      'forbidden',
      'limit_reached',
      'reads_exceeded',
    ],
  },
  {
    id: 'publish',
    method: 'post',
    path: '/api/v3/events',
    summary: 'Publish one event, or a list of them, all or none',
    query: { dialect: z.enum(WRITTEN).describe('In whose format; found by its fields when absent') },
    headers: {
      'Idempotency-Key': headerText
        .min(1)
        .max(MAX_IDEMPOTENCY_KEY)
        .describe('The same again within five minutes changes nothing; for other events it is refused'),
      traceparent: headerText.describe('W3C Trace Context; carried with each event that has none of its own'),
    },
    takesEvents: true,
    answers: { 204: { says: 'Accepted', headers: ['Belfry-Event-Ids'] } },
    errors: [
      'json_invalid',
      'content_type_invalid',
      'encoding_unsupported',
      'request_invalid',
      'event_invalid',
      'event_too_big',
      'type_reserved',
      'dialect_unknown',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'outcome_unknown',
      'forbidden',
    ],
  },
  {
    id: 'explain',
    method: 'get',
    path: '/api/v3/explain',
    summary: 'Why a connection of this node heard an event, or did not; for admins',
    query: { event: cursor.describe('Its id'), connection: text('ip:port, or id') },
    required: ['event', 'connection'],
    answers: { 200: json('Each rule that was asked', 'Explanation') },
    errors: ['forbidden', 'cursor_invalid', 'not_found'],
  },
  ...LISTS,
];

export interface ServedRoutes extends Served {
  /** Whether numbers go out by a listener of their own, and not here. */
  readonly metricsApart: boolean;
}

/** Those routes that a node with these settings serves, each as it is there. */
export function operationsOf({ dialects, anonymous, metricsApart }: ServedRoutes): Operation[] {
  const served = OPERATIONS.filter(({ id, of }) =>
    of === undefined ? id !== 'getMetrics' || !metricsApart : dialects.includes(of),
  );
  return served.map((operation) => {
    const { of, errors = [] } = operation;
    if (of === undefined || anonymous.includes(of)) return operation;
    return { ...operation, open: false, errors: [...SIGN_IN_ERRORS, ...errors] };
  });
}
