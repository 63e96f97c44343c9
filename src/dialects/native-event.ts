/** An event in the canonical format, as publishers write it. */
import { z } from 'zod';
import { ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import { formName, type FormName } from '../model/format.ts';
import { isObjectValue, type Fields, type Value } from '../model/json.ts';
import { isRfc3339 } from '../model/time.ts';
import { NATIVE } from './formats.ts';
import { anyJson, schemaOf } from './shapes.ts';

export const nativeEvent = schemaOf(NATIVE.fields).extend({
  id: z.string().optional(),
  object: anyJson.default(null),
});

const isText = (value: Value | undefined): boolean => typeof value === 'string';

const FITS: Readonly<Record<FormName, (value: Value | undefined) => boolean>> = {
  text: isText,
  filled: (value) => isText(value) && value !== '',
  time: (value) => typeof value === 'string' && isRfc3339(value),
  object: isObjectValue,
  json: () => true,
};

/** What an event may have that goes on as it is; its id does not. */
const PLAIN = new Map(
  Object.entries(NATIVE.fields)
    .filter(([name]) => name !== 'id')
    .map(([name, form]) => [name, FITS[formName(form)]]),
);

/** Whether it is an event at first sight. Of any other the schema says what it is, or what is wrong with it. */
function isPlain(body: Fields): body is Fields & NewEvent {
  for (const name in body) if (PLAIN.get(name)?.(body[name]) !== true) return false;
  return 'type' in body && 'action' in body && 'key' in body && 'object' in body;
}

/** @throws ProtocolError `event_invalid` */
export function readEvent(body: Fields): NewEvent {
  if (isPlain(body)) return body;
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
