import { call } from './http.ts';
import { UsageError, type TargetOptions } from './target.ts';

export interface PublishOptions extends TargetOptions {
  readonly dialect?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Publishes events and returns their ids. `what` is either `type.action.key`, with `object` as JSON beside it, or a
 * whole event or list of events as JSON, in any format. @throws UsageError with the answer of the hub when it refuses
 */
export async function publish(
  what: string,
  object: string | undefined,
  options: PublishOptions,
): Promise<string[]> {
  const { dialect, idempotencyKey } = options;
  // Node writes the characters of a header as Latin-1, so each byte of the key becomes one character.
  const key = idempotencyKey === undefined ? undefined : Buffer.from(idempotencyKey).toString('latin1');
  const headers = {
    'Content-Type': 'application/json',
    ...(key !== undefined && { 'Idempotency-Key': key }),
  };
  const query = dialect === undefined ? '' : `?dialect=${encodeURIComponent(dialect)}`;
  const body = bodyOf(what, object);
  const answer = await call({ method: 'POST', path: `/api/v3/events${query}`, headers, body }, options);
  return String(answer.headers['belfry-event-ids'] ?? '').split(',');
}

function bodyOf(what: string, object: string | undefined): string {
  if (/^\s*[[{]/.test(what)) return what;
  const topic = JSON.stringify(parseTopic(what)).slice(0, -1);
  return `${topic},"object":${object === undefined ? 'null' : checkObject(object)}}`;
}

/** Reads one topic, which is written as in a pattern: `\\1` is a dot, `\\2` a comma and `\\3` a star. */
function parseTopic(what: string): { type: string; action: string; key: string } {
  const [, type = '', action = '', key = ''] = /^([^.]+)\.([^.]+)\.(.*)$/s.exec(what) ?? [];
  if (type === '')
    throw new UsageError(
      `"${what}" is neither a topic nor an event. Expected type.action.key, as in profiles.save.global, or an event as JSON.`,
    );
  if (/[*,]/.test(what))
    throw new UsageError(
      `"${what}" is a pattern, and an event has one topic. Expected type.action.key; write a star in a value as \\3, and a comma as \\2.`,
    );
  return { type: plain(type), action: plain(action), key: plain(key) };
}

const ESCAPED: Readonly<Record<string, string>> = { '\\1': '.', '\\2': ',', '\\3': '*' };

function plain(part: string): string {
  return part.replaceAll(/\\[123]/g, (written) => ESCAPED[written] ?? written);
}

/** Returns the same text, since the hub keeps it as it is written. @throws UsageError when the text is not JSON */
function checkObject(object: string): string {
  try {
    JSON.parse(object);
    return object;
  } catch (cause) {
    throw new UsageError('The object is not JSON. Expected for example \'{"Name":"global"}\'.', { cause });
  }
}
