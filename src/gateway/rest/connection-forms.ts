/**
 * The described forms of connections and of queries for them. A query that has the described form is never refused for
 * its form.
 */
import { z } from 'zod';
import { rfc3339 } from '../../dialects/shapes.ts';
import { FIELDS, parseQuery, type ConnectionQuery } from '../../registry/connection-query.ts';
import type { ConnectionRecord } from '../../registry/registry.ts';
import { BelfryError } from '../../model/errors.ts';
import { deliveries, type DetailedRecord } from './connection-deliveries.ts';
import { checked, lenient, paging, query, type Parameter, type Query } from './query.ts';

export const connection = z.strictObject({
  Type: z.enum(['websocket', 'stream', 'api']),
  RemoteAddr: z.string().describe('ip:port of the client'),
  Principal: z.string(),
  CreateTime: rfc3339,
  ExpiresAt: rfc3339.nullable(),
  Id: z.string(),
  Node: z.string(),
  Dialect: z.string(),
  Patterns: z.array(z.string()),
  UserAgent: z.string(),
}) satisfies z.ZodType<ConnectionRecord>;

/** A connection, and with `?detail=deliveries` what became of the deliveries to it. */
export const detailed: z.ZodType<DetailedRecord> = connection.extend({
  Deliveries: deliveries.nullable().exactOptional(),
});

const FUNCTIONS = 'Eq|Ne|Lt|Lte|Gt|Gte';

/** A value, or Fn(value). Of expressions in the syntax of RE2, only simple ones are described. */
const chance = z
  .string()
  .regex(
    new RegExp(
      `^(?:[^()]*|(?:${FUNCTIONS}|In|Nin)\\([^()]*\\)|(?:Between|Except)\\([^(),]*,[^(),]*\\)|Re\\(\\^?[\\w .@-]{0,100}\\$?\\))$`,
    ),
  );

const IP4 = String.raw`(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IP6 = String.raw`\[(?:(?:[\da-f]{1,4}:){7}[\da-f]{1,4}|::[\da-f]{0,4})\]`;
const ADDRESS = String.raw`(?:${IP4}|${IP6})(?::\d{1,4})?`;
const address = z.string().regex(new RegExp(`^(?:${ADDRESS}|(?:${FUNCTIONS})\\(${ADDRESS}\\))$`));

const TIME = String.raw`20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ`;
const time = z.union([rfc3339, z.string().regex(new RegExp(`^(?:${FUNCTIONS})\\(${TIME}\\)$`))]);

function formOf(field: (typeof FIELDS)[number]): z.ZodType {
  if (field === 'RemoteAddr') return address;
  return field === 'CreateTime' || field === 'ExpiresAt' ? time : chance;
}

const asWritten = (form: z.ZodType): Parameter => lenient(form, (written) => written);

/** A connection must match all of them. */
const conditions: Readonly<Record<string, Parameter>> = Object.fromEntries(
  FIELDS.map((field) => [
    field,
    asWritten(
      formOf(field).describe(
        `A value, or a function of a value, as in ${field}=Ne(…). If the parameter is repeated, one of them must match.`,
      ),
    ),
  ]),
);

/** Makes a query of what the caller asked for, restricted to the connections that the caller may see. */
export type ConnectionFinder = (visible: ConnectionQuery['visible'], limit: number) => ConnectionQuery;

const DETAIL = checked(
  z
    .enum(['deliveries'])
    .describe(
      'Adds what became of the deliveries to each connection; null if its node does not answer in 2 s',
    ),
  () => new BelfryError('not_acceptable', 'The detail is not known. Expected ?detail=deliveries.'),
);

/** The parameters of one connection. */
export const DETAIL_QUERY = query({ detail: DETAIL });

/** The registry reads the parameters together, since they form one expression. */
export const CONNECTIONS_QUERY: Query<ConnectionFinder> = {
  parameters: {
    ...conditions,
    sort: asWritten(z.enum(FIELDS)),
    reverse: asWritten(z.enum(['true', 'false'])),
    ...paging('not_acceptable'),
  },
  read: (written) => (visible, limit) => parseQuery(written, visible, limit),
};

export interface ListQuery {
  readonly finder: ConnectionFinder;
  readonly detail: 'deliveries' | undefined;
}

/** The same, and whether details are wanted. */
export const LIST_QUERY: Query<ListQuery> = {
  parameters: { ...CONNECTIONS_QUERY.parameters, ...DETAIL_QUERY.parameters },
  read: (written, request) => {
    const { detail } = DETAIL_QUERY.read(written, request);
    written.delete('detail');
    return { finder: CONNECTIONS_QUERY.read(written, request), detail };
  },
};
