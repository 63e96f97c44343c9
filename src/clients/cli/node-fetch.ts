import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { CommandError } from './errors.ts';
import { parseExactly } from './exact-json.ts';

const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/**
 * The `fetch` of a program of Node that may accept a certificate which nobody vouches for. It sends these headers with each
 * request, and rejects with the fault of the network itself.
 */
export function nodeFetch(always: Readonly<Record<string, string>>, insecure: boolean): typeof fetch {
  return (input, { method = 'GET', headers, body, signal } = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = send(url, {
        method,
        headers: {
          Accept: 'application/json',
          ...always,
          ...(headers as Record<string, string> | undefined),
        },
        rejectUnauthorized: !insecure,
        ...(signal && { signal }),
      });
      sent.on('response', (message) => {
        const { statusCode: status = 0, headers: received } = message;
        const texts = Object.entries(received).map(
          ([name, value]) => [name, String(value)] as [string, string],
        );
        const hasBody = !WITHOUT_BODY.has(status);
        if (!hasBody) message.resume();
        const stream = hasBody ? (Readable.toWeb(message) as ReadableStream<Uint8Array>) : null;
        resolve(exact(new Response(stream, { status, headers: texts }), url.host));
      });
      sent.on('error', reject);
      // The body is a buffer because Node would write the headers as UTF-8 as well if the body were a string.
      sent.end(typeof body === 'string' ? Buffer.from(body) : undefined);
    });
  };
}

/** The answer, whose JSON then keeps every digit of its numbers, so that it can be printed as it came. */
function exact(response: Response, host: string): Response {
  return Object.assign(response, { json: async () => jsonOf(await response.text(), host) });
}

/** @throws CommandError where something else than a hub has answered */
function jsonOf(text: string, host: string): unknown {
  try {
    return parseExactly(text);
  } catch (cause) {
    throw new CommandError(
      'refused',
      `${host} answered with something that no hub says. Expected the address of a hub, and no page of a proxy before it.`,
      { cause, see: 'command#contexts' },
    );
  }
}
