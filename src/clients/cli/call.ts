import { request as httpRequest, type IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { messageOf, unreachable, UsageError, type TargetOptions } from './target.ts';

interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One HTTP call that succeeds. @throws UsageError with what the hub said */
export async function call(
  method: string,
  { url, headers }: Target,
  options: TargetOptions,
  body = '',
): Promise<Answer> {
  const response = await send(
    method,
    { url, headers: { Accept: 'application/json', ...headers } },
    options,
    body,
  );
  const answer = { headers: response.headers, body: await text(response) };
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return answer;
  throw new UsageError(`The hub refused with ${statusCode}: ${messageOf(answer.body)}`);
}

function send(
  method: string,
  { url, headers }: Target,
  { insecure }: TargetOptions,
  body: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, rejectUnauthorized: insecure !== true };
    const request =
      url.protocol === 'https:' ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    request.on('error', (cause) => reject(unreachable(url, cause)));
    request.end(body);
  });
}
