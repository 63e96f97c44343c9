/** An event in the canonical format, as publishers write it. */
import { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import { formName, type Format, type PlainForm } from '../model/format.ts';
import { isFields, isObjectValue, type Body, type Fields, type Value } from '../model/json.ts';
import { isRfc3339 } from '../model/time.ts';
import type { Publishing } from './dialect.ts';
import { anyJson, schemaOf } from './shapes.ts';

const FORMAT = {
  whole: ['type', 'action'],
  isOpen: false,
  fields: {
    // The hub accepts an id and replaces it, so that a client can publish an event just as it received it.
    id: 'text?',
    time: 'time?',
    type: 'filled',
    action: 'filled',
    key: 'text',
    principal: 'text?',
    object: 'json?',
    original: 'json?',
    metadata: 'object?',
  },
  object: 'object',
  topic: { kind: 'fields', type: 'type', action: 'action', key: 'key' },
} as const satisfies Format;

const SAYS = {
  id: 'The hub replaces it',
  time: 'When it happened; if absent, the hub adds it',
  type: 'What kind of thing it is about, such as deploy',
  action: 'What happened to it, such as begin',
  key: 'Which one it is; it may hold dots, and may be empty',
  principal: 'Who caused it; the hub replaces it',
  object: 'The thing after the change, or whatever there is to say',
  original: 'The thing before the change',
  metadata: 'Anything else, such as traceparent',
};

export const nativeEvent = schemaOf(FORMAT.fields, SAYS).extend({
  id: z.string().optional().describe(SAYS.id),
  object: anyJson.default(null).describe(SAYS.object),
});

const isText = (value: Value | undefined): boolean => typeof value === 'string';

const FITS: Readonly<Record<PlainForm, (value: Value | undefined) => boolean>> = {
  text: isText,
  filled: (value) => isText(value) && value !== '',
  time: (value) => typeof value === 'string' && isRfc3339(value),
  object: isObjectValue,
  json: () => true,
};

/** The fields of an event that the hub passes on unchanged. The id is not one of them. */
const PLAIN = new Map(
  Object.entries(FORMAT.fields)
    .filter(([name]) => name !== 'id')
    .map(([name, form]) => [name, FITS[formName(form)]]),
);

/**
 * Whether a quick look finds a valid event. Any other body goes to the schema, which reads it or says what is wrong
 * with it.
 */
function isPlain(body: Fields): body is Fields & NewEvent {
  for (const name in body) if (PLAIN.get(name)?.(body[name]) !== true) return false;
  return 'type' in body && 'action' in body && 'key' in body && 'object' in body;
}

const EVENT_FORM = '{type, action, key, time?, object?, original?, metadata?}';

/** @throws ProtocolError `event_invalid` */
function parse(body: Body): NewEvent | undefined {
  if (!isFields(body) || !('type' in body && 'action' in body)) return undefined;
  if (isPlain(body)) return body;
  const parsed = nativeEvent.safeParse(body);
  if (!parsed.success) throw new ProtocolError('event_invalid', explain('event', EVENT_FORM, parsed.error));
  const { id: _heardAs, ...event } = parsed.data;
  return event;
}

export const publishing: Publishing = {
  format: FORMAT,
  fields: 'type, action, key',
  schema: nativeEvent,
  parse,
};

/** The message about what is wrong with a native event or command. */
export function explain(what: string, form: string, error: z.ZodError): string {
  const issues = error.issues
    .slice(0, 3)
    .map(({ path, message }) => [...path, message].map(String).join(': ').slice(0, 200));
  return `Not a native ${what}: ${issues.join('; ')}. Expected ${form}.`;
}
