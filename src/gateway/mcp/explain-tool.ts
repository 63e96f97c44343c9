import { z } from 'zod';
import { bound } from '../../model/bound.ts';
import { isCursor } from '../../model/cursor.ts';
import { BelfryError } from '../../model/errors.ts';
import { explainTo, topicOf, type ExplainDeps } from '../rest/explain-routes.ts';
import { tool, type Tool } from './tool.ts';

const NAMED_MAX = bound(
  'connections that an agent is told would hear an event',
  50,
  'entries',
  'the others are counted',
);

export const EXPLAIN: Tool<ExplainDeps> = tool({
  name: 'explain',
  title: 'Why an event was heard or not',
  description:
    'Says which rule passed or stopped an event on its way to a connection. Needs the role admin. ' +
    'With an event and a connection: the outcome and every rule. With an event, or a topic, and no connection: who would hear it. ' +
    'Find the event with "history" and the connection with "connections". ' +
    'An event that "history" does not have was never accepted, was trimmed, or was published live only: then nothing can be told of it.',
  input: z.strictObject({
    event: z.string().max(200).optional().describe('The id of an event'),
    topic: z
      .string()
      .max(500)
      .optional()
      .describe('A type.action.key without wildcards, instead of an event'),
    connection: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('The Id or the RemoteAddr (ip:port) of a connection that is open'),
  }),
  isReadOnly: true,
  run: (deps: ExplainDeps, { identity }, { event, topic, connection }) => {
    if ((event === undefined) === (topic === undefined))
      throw new BelfryError(
        'parameter_invalid',
        'Expected either event or topic in the arguments of explain.',
      );
    if (topic !== undefined && connection !== undefined)
      throw new BelfryError(
        'parameter_invalid',
        'A topic with a connection cannot be explained, since a connection hears events. Expected event with connection, or topic alone.',
      );
    if (event !== undefined && !isCursor(event))
      throw new BelfryError(
        'cursor_invalid',
        `"${event.slice(0, 50)}" is not the id of an event. Expected one that history or wait_for_events gave.`,
      );
    const asked =
      event === undefined
        ? { topic: topicOf(topic ?? ''), limit: NAMED_MAX }
        : { event, connection, limit: NAMED_MAX };
    return deps.reads.run(identity.principal, async () =>
      JSON.stringify(await explainTo(deps, identity, asked)),
    );
  },
});
