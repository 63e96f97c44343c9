import { timeAt } from '../model/cursor.ts';
import { ProtocolError } from '../model/errors.ts';
import { canonicalJson, type HubEvent, type NewEvent } from '../model/event.ts';
import type { Redaction } from '../model/redaction.ts';

/** What an event must keep to, and what is masked in it, before it is appended to the log. */
export interface PublishLimits {
  readonly redaction: Redaction;
  readonly eventMaxBytes: number;
}

/**
 * The event as it is appended to the log: what nobody may see is masked, and the time `now` is filled in where it has
 * none. Its size is that of its {@link canonicalJson}.
 * @throws ProtocolError `event_too_big`
 */
export function eventAsLogged(
  written: NewEvent,
  now: number,
  { redaction, eventMaxBytes }: PublishLimits,
): { readonly event: HubEvent; readonly json: string } {
  const masked = redaction.mask(written);
  const event = { ...masked, time: masked.time ?? timeAt(now) };
  const json = canonicalJson(event);
  const size = Buffer.byteLength(json);
  if (size > eventMaxBytes) throw tooBig(size, eventMaxBytes);
  return { event: { ...event, size }, json };
}

/** The error for an event that is larger than the limit, the same at every broker and entry point. */
export function tooBig(bytes: number, maxBytes: number): ProtocolError {
  return new ProtocolError('event_too_big', `The event is ${bytes} bytes. Expected at most ${maxBytes}.`);
}
