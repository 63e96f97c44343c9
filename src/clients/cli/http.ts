import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { httpTarget, messageOf, unreachable, UsageError, type TargetOptions } from './target.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The path, with the query if there is one. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The error text when the hub answers 404. */
  readonly missing?: string;
}

/** Sends a request and returns the answer of the hub. @throws UsageError with the answer of the hub when it refuses */
export async function call(
  { method, path, headers: more = {}, body, missing }: Call,
  options: TargetOptions,
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const [pathname = '', search = ''] = path.split(/\?(.*)/s);
  const { url, headers } = httpTarget(options, pathname);
  url.search = search;
  const { status, ...answer } = await new Promise<{
    status: number;
    headers: IncomingHttpHeaders;
    body: string;
  }>((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = request(url, {
      method,
      headers: { ...headers, Accept: 'application/json', ...more },
      rejectUnauthorized: options.insecure !== true,
    });
    sent.on('response', (response) => {
      const { statusCode = 0 } = response;
      text(response).then(
        (said) => resolve({ status: statusCode, headers: response.headers, body: said }),
        reject,
      );
    });
    sent.on('error', (cause) => reject(unreachable(url, cause)));
    // The body is a buffer because Node would write the headers as UTF-8 as well if the body were a string.
    sent.end(body === undefined ? undefined : Buffer.from(body));
  });
  if (status >= 200 && status < 300) return answer;
  if (status === 404 && missing !== undefined) throw new UsageError(missing);
  throw new UsageError(`The hub refused with ${status}: ${messageOf(answer.body, url)}`);
}
