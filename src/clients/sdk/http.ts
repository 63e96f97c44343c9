import { HubError } from './errors.ts';
import type { Environment } from './environment.ts';

/** What a request needs: a way to send it, the hub, and the token. */
export interface Caller {
  readonly environment: Pick<Environment, 'fetch'>;
  /** The address of the hub, which ends with a slash. */
  readonly base: string;
  readonly token: string | undefined;
}

type RequestOptions = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/**
 * Sends a request to the hub. Rejects with the hub's refusal, with `lost` if no answer came, or with the reason of an abort.
 */
export async function ask(caller: Caller, path: string, options: RequestOptions = {}): Promise<Response> {
  const response = await send(caller, path, options);
  if (response.ok) return response;
  throw refusalIn(response.status, await response.text().catch(() => ''));
}

/** The same, but a refusal is an answer like any other. */
export async function send(
  { environment, base, token }: Caller,
  path: string,
  { headers, ...init }: RequestOptions,
): Promise<Response> {
  const credentials = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
  try {
    return await environment.fetch(new URL(path, base), {
      ...init,
      cache: 'no-store',
      headers: { ...headers, ...credentials },
    });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new HubError('lost', `No answer came from the hub: ${String(cause)}`, { cause });
  }
}

/** The body holds the hub's message, and then the address of the page that explains it. The anchor of that address is the code. */
export function refusalIn(status: number, body: string): HubError {
  let messages: readonly string[] = [];
  try {
    messages = (JSON.parse(body) as { readonly Messages?: readonly string[] }).Messages ?? [];
  } catch {
    // The answer came from something else than the hub.
  }
  const [message = `The answer was ${status}.`, see = ''] = messages;
  const [, page, code = status >= 500 ? 'unavailable' : 'refused'] = /^See (\S+#(\S+))$/.exec(see) ?? [];
  return new HubError(code, message, { see: page });
}
