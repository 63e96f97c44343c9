import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { httpTarget, messageOf, unreachable, UsageError, type TargetOptions } from './target.ts';

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
  const { url, headers } = httpTarget(options, '/api/v3/events');
  if (options.dialect !== undefined) url.searchParams.set('dialect', options.dialect);
  if (options.idempotencyKey !== undefined) headers['Idempotency-Key'] = options.idempotencyKey;
  const response = await post(
    url,
    { ...headers, 'Content-Type': 'application/json', Accept: 'application/json' },
    bodyOf(what, object),
    options,
  );
  const body = await text(response);
  if (response.statusCode !== 204)
    throw new UsageError(`The hub refused with ${response.statusCode}: ${messageOf(body)}`);
  return String(response.headers['belfry-event-ids'] ?? '').split(',');
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

export function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  { insecure }: TargetOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, rejectUnauthorized: insecure !== true };
    const request =
      url.protocol === 'https:' ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    request.on('error', (cause) => reject(unreachable(url, cause)));
    request.end(body);
  });
}
