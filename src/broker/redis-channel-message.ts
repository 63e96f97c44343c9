import { isCursor, START, type Cursor } from '../model/cursor.ts';
import { SEPARATOR, textOf, type Heading } from '../model/heard-event.ts';
import { Redaction } from '../model/redaction.ts';

/** The first byte of every message between nodes. It must change with the form of the message. */
const VERSION = 'A';
const CANONICAL = 'c';
const AS_PUBLISHED = 'p';

/** An event of a message between nodes, of which only the heading was read. */
export interface Told extends Heading {
  /** The event, in JSON: one character for each byte. */
  readonly bytes: string;
  /** Whether it is in the canonical format, with a time, to the letter. */
  readonly isCanonical: boolean;
  readonly packed: string;
  /** The digest of the rules by which its writer has masked it. */
  readonly masks: string;
}

/** Whether a message has another form than this version of the hub reads. */
export function isOfAnotherVersion(message: string): boolean {
  return !message.startsWith(VERSION);
}

/** The first word of a message: what holds for all events in it. publish.lua takes it as MESSAGE. */
export function firstWord(of: 'canonical' | 'as published', redaction = Redaction.none): string {
  return `${VERSION}${of === 'canonical' ? CANONICAL : AS_PUBLISHED}${redaction.digest}`;
}

/**
 * Reads a message between nodes, with one character for each byte, as publish.lua writes it:
 *
 *     <version byte><c or p><digest of the masks> <id before the first event>
 *
 * and for each event, each after a byte 0xFF: id, type, action, key, and the event. `undefined` for any other message of
 * this version.
 */
export function readMessage(message: string): readonly Told[] | undefined {
  const space = message.indexOf(' ');
  let end = message.indexOf(SEPARATOR);
  if (space < 2 || end < space) return undefined;
  const isCanonical = message[1] === CANONICAL;
  const masks = message.slice(2, space);
  let previous = message.slice(space + 1, end);
  const told: Told[] = [];
  while (end < message.length) {
    const atType = message.indexOf(SEPARATOR, end + 1) + 1;
    const atAction = message.indexOf(SEPARATOR, atType) + 1;
    const atKey = message.indexOf(SEPARATOR, atAction) + 1;
    const atBytes = message.indexOf(SEPARATOR, atKey) + 1;
    if (atType === 0 || atAction === 0 || atKey === 0 || atBytes === 0) return undefined;
    const begin = end + 1;
    const idText = message.slice(begin, atType - 1);
    end = message.indexOf(SEPARATOR, atBytes);
    if (end < 0) end = message.length;
    const names = message.slice(atType, atBytes - 1);
    // In UTF-8 each of the two separators would take two bytes, and each character of ASCII one.
    const decode = Buffer.byteLength(names) === names.length + 2 ? asIs : textOf;
    const type = decode(message.slice(atType, atAction - 1));
    const action = decode(message.slice(atAction, atKey - 1));
    const key = decode(message.slice(atKey, atBytes - 1));
    if (type === undefined || action === undefined || key === undefined) return undefined;
    const id = idText === '' ? undefined : idText;
    if (id !== undefined && !(isPosition(previous) && isPosition(id))) return undefined;
    const [bytes, packed] = [message.slice(atBytes, end), message.slice(begin, end)];
    told.push({ id, previous: id && previous, type, action, key, bytes, packed, isCanonical, masks });
    previous = id ?? previous;
  }
  return told;
}

function asIs(text: string): string | undefined {
  return text;
}

/** The last id that was found to be a cursor. The next message names it as the one before. */
let known = START;

function isPosition(text: string): boolean {
  if (text === known) return true;
  if (!isCursor(text)) return false;
  known = text;
  return true;
}

/** An event of a message that is in the log. */
export type Logged = Told & { readonly id: Cursor; readonly previous: Cursor };

export function isLogged(told: Told): told is Logged {
  return told.id !== undefined;
}
