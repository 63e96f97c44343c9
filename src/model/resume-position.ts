import { cursorAt } from './cursor.ts';
import { ProtocolError } from './errors.ts';
import { isPosition, type Position } from './position.ts';
import { momentOf } from './time.ts';

/**
 * The position from which a client resumes, as it writes it: what the hub handed out, or a time.
 * @throws ProtocolError `cursor_invalid`
 */
export function parsePosition(text: string): { readonly since: Position; readonly ofTime?: true } {
  if (isPosition(text)) return { since: text };
  const ms = momentOf(text);
  if (ms !== undefined) return { since: cursorAt(ms), ofTime: true };
  throw new ProtocolError(
    'cursor_invalid',
    `"${text.slice(0, 50)}" is not a cursor. Expected the id or the position of an event as the hub sent it, or a time in the format of RFC 3339.`,
  );
}
