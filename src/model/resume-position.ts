import { cursorAt, isCursor, type Cursor } from './cursor.ts';
import { ProtocolError } from './errors.ts';
import { momentOf } from './time.ts';

/**
 * The position from which a client resumes, as it writes it: a cursor or a time.
 * @throws ProtocolError `cursor_invalid`
 */
export function parsePosition(text: string): { readonly since: Cursor; readonly ofTime?: true } {
  if (isCursor(text)) return { since: text };
  const ms = momentOf(text);
  if (ms !== undefined) return { since: cursorAt(ms), ofTime: true };
  throw new ProtocolError(
    'cursor_invalid',
    `"${text.slice(0, 50)}" is not a cursor. Expected the id of an event as the hub sent it, or a time in the format of RFC 3339.`,
  );
}
