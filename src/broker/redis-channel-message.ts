import { isCursor, type Cursor } from '../model/cursor.ts';
import { textOf, type Heading } from '../model/heard-event.ts';
import { Redaction } from '../model/redaction.ts';

/** The first byte of every message between nodes. It must change with the form of the message. */
const VERSION = 'A';
const VERSION_BYTE = VERSION.charCodeAt(0);
const CANONICAL = 'c';
const AS_PUBLISHED = 'p';
const SEPARATOR = '\xff';
const FIELDS = 5;

/** An event of a message between nodes, of which only the heading was read. */
export interface Told extends Heading {
  /** The event, in JSON: one character for each byte. */
  readonly bytes: string;
  /** Whether it is in the canonical format, with a time, to the letter. */
  readonly isCanonical: boolean;
  /** The digest of the rules by which its writer has masked it. */
  readonly masks: string;
}

/** Whether a message has another form than this version of the hub reads. */
export function isOfAnotherVersion(message: Buffer): boolean {
  return message[0] !== VERSION_BYTE;
}

/** The first word of a message: what holds for all events in it. publish.lua takes it as MESSAGE. */
export function firstWord(of: 'canonical' | 'as published', redaction = Redaction.none): string {
  return `${VERSION}${of === 'canonical' ? CANONICAL : AS_PUBLISHED}${redaction.digest}`;
}

/**
 * Reads a message between nodes as publish.lua writes it:
 *
 *     <version byte><c or p><digest of the masks> <id before the first event>
 *
 * and for each event, each after a byte 0xFF: id, type, action, key, and the event. `undefined` for any other message of
 * this version.
 */
export function readMessage(message: Buffer): readonly Told[] | undefined {
  const fields = message.toString('latin1').split(SEPARATOR);
  const [first = '', ...rest] = fields;
  const space = first.indexOf(' ');
  const masks = first.slice(2, space);
  let previous = first.slice(space + 1);
  const isCanonical = first[1] === CANONICAL;
  if (space < 2 || rest.length === 0 || rest.length % FIELDS !== 0) return undefined;
  const told: Told[] = [];
  for (let at = 1; at < fields.length; at += FIELDS) {
    const id = fields[at] ?? '';
    const type = topicPart(fields[at + 1]);
    const action = topicPart(fields[at + 2]);
    const key = topicPart(fields[at + 3]);
    const bytes = fields[at + 4] ?? '';
    if (type === undefined || action === undefined || key === undefined) return undefined;
    if (id === '') {
      told.push({ id: undefined, previous: undefined, type, action, key, bytes, isCanonical, masks });
      continue;
    }
    if (!isCursor(id) || !isCursor(previous)) return undefined;
    told.push({ id, previous, type, action, key, bytes, isCanonical, masks });
    previous = id;
  }
  return told;
}

/** An event of a message that is in the log. */
export type Logged = Told & { readonly id: Cursor; readonly previous: Cursor };

export function isLogged(told: Told): told is Logged {
  return told.id !== undefined;
}

/** `undefined` where the bytes are no text. */
function topicPart(bytes = ''): string | undefined {
  return textOf(bytes);
}
