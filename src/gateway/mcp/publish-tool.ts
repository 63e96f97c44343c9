import { z } from 'zod';
import type { Broker } from '../../broker/broker.ts';
import type { EventFormats } from '../../dialects/event-formats.ts';
import { publishAs } from '../../hub/publishing.ts';
import type { Clock } from '../../model/clock.ts';
import { BelfryError } from '../../model/errors.ts';
import { MAX_IDEMPOTENCY_KEY } from '../../model/idempotency.ts';
import type { Fields, Json } from '../../model/json.ts';
import { withoutGrant } from '../../model/principal.ts';
import { tool, type Tool } from './tool.ts';

export interface PublishDeps {
  readonly broker: Broker;
  readonly formats: Pick<EventFormats, 'parse'>;
  readonly clock: Pick<Clock, 'now'>;
}

export const PUBLISH: Tool<PublishDeps> = tool({
  name: 'publish',
  title: 'Publish an event',
  description:
    'Publishes one event to everybody who listens, and answers its id. It cannot be taken back. ' +
    'Give an idempotencyKey of your own: if the outcome is unknown, repeat the call with the same one, and it happens once.',
  input: z.strictObject({
    type: z.string().min(1).max(200).describe('What kind of thing it is about, such as deploy'),
    action: z.string().min(1).max(200).describe('What happened to it, such as approve'),
    key: z.string().max(1_000).describe('Which one it is'),
    object: z
      .unknown()
      .optional()
      .describe('Any JSON: the thing after the change, or whatever there is to say'),
    idempotencyKey: z.string().min(1).max(MAX_IDEMPOTENCY_KEY).optional(),
  }),
  isReadOnly: false,
  run: async ({ broker, formats, clock }: PublishDeps, { identity, mayPublish }, asked) => {
    const { principal, publish } = identity;
    if (!mayPublish)
      throw new BelfryError(
        'forbidden',
        'This agent was set up without publish. Expected ?publish=true in the URL of /mcp, or "belfry mcp --publish".',
      );
    if (publish.patterns.length === 0)
      throw new BelfryError('forbidden', withoutGrant(principal, 'to publish'));
    const { idempotencyKey, object = null, ...topic } = asked;
    const fields: Fields = { ...topic, object: object as Json };
    const events = [formats.parse(fields, 'native')];
    const [id] = await publishAs({ broker, identity, events, idempotencyKey, now: clock.now() });
    return JSON.stringify({ id });
  },
});
