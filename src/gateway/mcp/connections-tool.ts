import { z } from 'zod';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { ANYBODY, type Field, type FieldFilter } from '../../registry/connection-query.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Survey } from '../../registry/survey.ts';
import { visibleBy } from '../auth/visibility.ts';
import { withDeliveries } from '../rest/connection-deliveries.ts';
import type { ReadLimiter } from '../rest/read-limiter.ts';
import { tool, type Tool } from './tool.ts';

const PAGE_MAX = bound(
  'connections that one answer to an agent lists',
  50,
  'entries',
  'the answer ends there, and says how to go on',
);

export interface ConnectionsDeps {
  readonly registry: Registry;
  readonly survey: Survey;
  readonly clock: Pick<Clock, 'now'>;
  readonly reads: ReadLimiter;
}

/** Callers of the API hear nothing. */
const LISTENS: FieldFilter = { any: [{ name: 'Ne', values: ['api'] }], field: 'Type' };

const FIELDS = { principal: 'Principal', dialect: 'Dialect', node: 'Node', address: 'RemoteAddr' } as const;

export const CONNECTIONS: Tool<ConnectionsDeps> = tool({
  name: 'connections',
  title: 'Who is connected',
  description:
    'Lists the open connections of all nodes that the caller may see, the newest first, with their patterns and what became of the deliveries to them. ' +
    '"total" counts all that the caller may see, whatever is asked for. If there is "next", give it as "offset" for the next page.',
  input: z.strictObject({
    principal: z.string().max(200).optional().describe('As in user:ada; unknown for those without a token'),
    dialect: z.string().max(50).optional().describe('native, norn, mist, provisioning, drp or dorgu'),
    node: z.string().max(100).optional(),
    address: z.string().max(100).optional().describe('ip:port, or an ip'),
    offset: z.int().min(0).max(1_000_000).default(0),
    limit: z.int().min(1).max(PAGE_MAX).default(20),
  }),
  isReadOnly: true,
  run: ({ registry, survey, clock, reads }: ConnectionsDeps, { identity }, { offset, limit, ...asked }) =>
    reads.run(identity.principal, async () => {
      const { records, total } = await registry.list({
        visible: visibleBy(identity.subscribe),
        filters: [ANYBODY, LISTENS, ...filtersOf(asked)],
        sort: ['CreateTime'],
        reverse: true,
        offset,
        limit,
      });
      const end = offset + records.length;
      const connections = await withDeliveries({ survey, clock }, records);
      return JSON.stringify({ connections, total, ...(end < total && records.length > 0 && { next: end }) });
    }),
});

function filtersOf(asked: Readonly<Partial<Record<keyof typeof FIELDS, string | undefined>>>): FieldFilter[] {
  return (Object.entries(FIELDS) as [keyof typeof FIELDS, Field][]).flatMap(([name, field]) => {
    const { [name]: value } = asked;
    return value === undefined ? [] : [{ any: [{ name: 'Eq' as const, values: [value] }], field }];
  });
}
