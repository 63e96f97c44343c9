import { call } from './http.ts';
import { UsageError, type TargetOptions } from './target.ts';

export interface PublishOptions extends TargetOptions {
  readonly dialect?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Publishes and returns the ids. `what` is `type.action.key` with `object` as JSON beside it, or a whole event or list of
 * events as JSON, in any spelling. @throws UsageError with what the hub said
 */
export async function publish(
  what: string,
  object: string | undefined,
  options: PublishOptions,
): Promise<string[]> {
  const { dialect, idempotencyKey } = options;
  const headers = {
    'Content-Type': 'application/json',
    ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
  };
  const query = dialect === undefined ? '' : `?dialect=${encodeURIComponent(dialect)}`;
  const body = bodyOf(what, object);
  const answer = await call({ method: 'POST', path: `/api/v3/events${query}`, headers, body }, options);
  return String(answer.headers['belfry-event-ids'] ?? '').split(',');
}

function bodyOf(what: string, object: string | undefined): string {
  if (/^\s*[[{]/.test(what)) return what;
  const first = what.indexOf('.');
  const second = what.indexOf('.', first + 1);
  if (first < 1 || second < 0)
    throw new UsageError(`"${what}" is neither type.action.key nor an event as JSON.`);
  const event = {
    type: what.slice(0, first),
    action: what.slice(first + 1, second),
    key: what.slice(second + 1),
  };
  return JSON.stringify({ ...event, object: object === undefined ? null : parseObject(object) });
}

function parseObject(object: string): unknown {
  try {
    return JSON.parse(object);
  } catch (cause) {
    throw new UsageError('The object is not JSON. Expected for example \'{"Name":"global"}\'.', { cause });
  }
}
