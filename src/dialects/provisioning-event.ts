/** An event of the Provisioning Platform, as publishers write it. */
import type { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Format } from '../model/format.ts';
import { isFields, type Body } from '../model/json.ts';
import type { Publishing } from './dialect.ts';
import { CUSTOM, NAMED_TOPICS, topicOf } from './provisioning-event-types.ts';
import { schemaOf } from './shapes.ts';

const FORMAT = {
  whole: ['event_type'],
  isOpen: false,
  fields: { event_type: 'filled', timestamp: 'time?', data: 'json', metadata: 'object?' },
  object: 'data',
  topic: { kind: 'named', name: 'event_type', topics: NAMED_TOPICS, others: CUSTOM },
} as const satisfies Format;

const SAYS = {
  event_type: 'A type of the platform, or any other name, which becomes an event of the type custom',
  timestamp: 'When it happened; if absent, the hub adds it',
  data: 'The object of the event; it names what the event is about, such as task_id',
  metadata: 'Anything else',
};

const provisioningFields = schemaOf(FORMAT.fields, SAYS);
export const provisioningEvent = provisioningFields.extend({
  event_type: provisioningFields.shape.event_type.meta({
    description: SAYS.event_type,
    examples: Object.keys(NAMED_TOPICS),
  }),
});

const EVENT_FORM = '{event_type, timestamp?, data, metadata?}';

function parse(body: Body): NewEvent | undefined {
  if (!isFields(body) || !('event_type' in body)) return undefined;
  const parsed = provisioningEvent.safeParse(body);
  if (!parsed.success) throw new ProtocolError('event_invalid', explain('event', EVENT_FORM, parsed.error));
  const { event_type, timestamp, data, metadata } = parsed.data;
  return {
    ...(timestamp !== undefined && { time: timestamp }),
    ...topicOf(event_type, data),
    object: data,
    ...(metadata !== undefined && { metadata }),
  };
}

export const publishing: Publishing = {
  format: FORMAT,
  fields: 'event_type, data',
  schema: provisioningEvent,
  parse,
};

/** The message about what is wrong with an event or a command of the platform. */
export function explain(what: string, form: string, error: z.ZodError): string {
  const issues = error.issues
    .slice(0, 3)
    .map(({ path, message }) => [...path, message].map(String).join(': '));
  return `Not a provisioning ${what}: ${issues.join('; ')}. Expected ${form}.`;
}
