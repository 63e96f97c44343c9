/** Who would hear an event, on all nodes. */
import { z } from 'zod';
import type { Hearer, Topic } from '../../hub/hearers.ts';
import type { Survey } from '../../registry/survey.ts';
import { hearer, HEARERS } from './node-questions.ts';

export interface WhoHears {
  readonly topic: string;
  /** How many connections of all nodes that answered would hear it. */
  readonly total: number;
  readonly connections: readonly (Hearer & { readonly node: string })[];
  /** The names of the nodes that did not answer. */
  readonly silent: readonly string[];
}

export const HEARERS_SCHEMA = z.strictObject({
  topic: z.string(),
  total: z.int().describe('How many connections of all nodes that answered would hear it'),
  connections: z.array(hearer.extend({ node: z.string() })),
  silent: z.array(z.string()).describe('The names of the nodes that did not answer within two seconds'),
}) satisfies z.ZodType<WhoHears>;

/** Topics, or events with their JSON in the canonical format. */
export type HeardTopic = Topic & { readonly event?: string };

/** Asks all nodes who would hear each of some events. At most `limit` connections are named for each. */
export async function askWhoHears(
  survey: Survey,
  events: readonly HeardTopic[],
  limit: number,
): Promise<WhoHears[]> {
  const of = events.map(({ event, ...topic }) => (event === undefined ? topic : { event }));
  const { answers, silent } = await survey.ask(HEARERS, { of, limit });
  return events.map(({ type, action, key }, i) => {
    const found = answers.map(({ node, answer }) => ({ node, ...(answer[i] ?? { total: 0, hearers: [] }) }));
    const connections = found.flatMap(({ node, hearers }) => hearers.map((each) => ({ ...each, node })));
    return {
      topic: `${type}.${action}.${key}`,
      total: found.reduce((sum, { total }) => sum + total, 0),
      connections: connections.slice(0, limit),
      silent,
    };
  });
}
