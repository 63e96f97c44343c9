/** An event in the canonical spelling, as publishers write it. */
import { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Fields, Value } from '../model/json.ts';
import { isRfc3339 } from '../model/time.ts';
import { anyJson, anyObject, rfc3339 } from './shapes.ts';

export const nativeEvent = z.strictObject({
  // An id that a client read elsewhere is accepted and replaced, so that an event can be published as it was heard.
  id: z.string().optional(),
  time: rfc3339.exactOptional(),
  type: z.string().min(1),
  action: z.string().min(1),
  key: z.string(),
  principal: z.string().exactOptional(),
  object: anyJson.default(null),
  original: anyJson.exactOptional(),
  metadata: anyObject.exactOptional(),
});

const isText = (value: Value | undefined): boolean => typeof value === 'string';
const isWord = (value: Value | undefined): boolean => isText(value) && value !== '';

/** The fields of nearly every event, with what the schema asks of each. */
const PLAIN = new Map<string, (value: Value | undefined) => boolean>([
  ['type', isWord],
  ['action', isWord],
  ['key', isText],
  ['time', (value) => typeof value === 'string' && isRfc3339(value)],
  ['principal', isText],
  ['object', () => true],
]);

/** Whether it is an event at first sight. Of any other the schema says what it is, or what is wrong with it. */
function isPlain(body: Fields): body is Fields & NewEvent {
  for (const name in body) if (PLAIN.get(name)?.(body[name]) !== true) return false;
  return 'type' in body && 'action' in body && 'key' in body && 'object' in body;
}

/** @throws ProtocolError `event_invalid` */
export function readEvent(body: Fields): NewEvent {
  if (isPlain(body)) {
    return body;
  }
  const parsed = nativeEvent.safeParse(body);
  if (!parsed.success) throw new ProtocolError('event_invalid', explain('event', EVENT_FORM, parsed.error));
  const { id: _heardAs, ...event } = parsed.data;
  return event;
}

const EVENT_FORM = '{type, action, key, time?, object?, original?, metadata?}';

/** What is wrong with a native event or command. */
export function explain(what: string, form: string, error: z.ZodError): string {
  const issues = error.issues
    .slice(0, 3)
    .map(({ path, message }) => [...path, message].map(String).join(': ').slice(0, 200));
  return `Not a native ${what}: ${issues.join('; ')}. Expected ${form}.`;
}
