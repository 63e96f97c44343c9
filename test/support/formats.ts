import { EventFormats } from '../../src/dialects/event-formats.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import type { NewEvent } from '../../src/model/event.ts';
import type { Body, JsonText } from '../../src/model/json.ts';

/** The formats of the dialects that the hub has. */
export const formats = new EventFormats(DIALECTS);

export function parseEvent(body: Body | JsonText, dialect?: string): NewEvent {
  return formats.parse(body, dialect);
}

export function parseLogged(body: Body | JsonText): NewEvent {
  return formats.parseLogged(body);
}
