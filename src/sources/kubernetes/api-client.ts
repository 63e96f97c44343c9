import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { bound } from '../../model/bound.ts';
import type { Access } from './access.ts';
import { ApiError, refusalOf, SILENCE } from './api-error.ts';

const ANSWER_BYTES = bound(
  'answer of a Kubernetes API server to one request',
  64 * 1024 * 1024,
  'bytes',
  'the request fails, and is sent again later',
);
const LINE_BYTES = bound(
  'one event of a Kubernetes watch',
  8 * 1024 * 1024,
  'bytes',
  'the watch ends, and everything is listed and compared',
);
const REFUSAL_BYTES = bound(
  'answer of a Kubernetes API server that refuses',
  64 * 1024,
  'bytes',
  'the rest of it is not told',
);
const ANSWER_SILENCE_MS = bound(
  'silence of a Kubernetes API server within one answer',
  30_000,
  'ms',
  'the connection is cut, and the request is sent again',
);
const LF = 0x0a;

export interface Ask {
  /** What is asked, in words for an error: `list of pods`. */
  readonly what: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly accept?: string;
  readonly signal: AbortSignal;
  /** After this long without a byte the connection counts as lost. */
  readonly silenceMs?: number;
  /** Called when the server has accepted the request. */
  readonly accepted?: () => void;
}

/**
 * Requests to one API server. It stands on `node:https`, since the `fetch` of Node accepts neither an authority nor a
 * certificate of its own, and since an idle socket there has a deadline which every byte moves on.
 */
export class ApiClient {
  readonly #access: Access;
  readonly #agent: HttpAgent;

  constructor(access: Access) {
    this.#access = access;
    const isTls = access.server.protocol === 'https:';
    this.#agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  /** The JSON that the server answers. @throws ApiError, AccessError */
  async get<T>(ask: Ask): Promise<T> {
    const { chunks, isWhole } = await readUpTo(await this.#open(ask), ANSWER_BYTES, ask);
    if (!isWhole)
      throw new ApiError(
        `The answer to the ${ask.what} is larger than ${ANSWER_BYTES} bytes. Expected fewer or smaller objects, for example by --selector.`,
      );
    return parsed(Buffer.concat(chunks), ask) as T;
  }

  /** The JSON of each line, until the server ends them. @throws ApiError, AccessError */
  async *lines<T>(ask: Ask): AsyncGenerator<T, void> {
    const response = await this.#open(ask);
    let waiting: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        let from = 0;
        for (let end; (end = chunk.indexOf(LF, from)) !== -1; from = end + 1) {
          const line = Buffer.concat([...waiting, chunk.subarray(from, end)]);
          [waiting, bytes] = [[], 0];
          if (line.length > 0) yield parsed(line, ask) as T;
        }
        const rest = chunk.subarray(from);
        if (rest.length > 0) waiting.push(rest);
        if ((bytes += rest.length) > LINE_BYTES)
          throw new ApiError(`An event of the ${ask.what} is larger than ${LINE_BYTES} bytes.`);
      }
    } catch (cause) {
      throw lost(cause, ask);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(ask: Ask): Promise<IncomingMessage> {
    const { what, signal, silenceMs = ANSWER_SILENCE_MS } = ask;
    const { headers, tls } = await this.#access.credentials();
    const url = this.#urlOf(ask);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(url, {
        ...tls,
        agent: this.#agent,
        headers: { Accept: ask.accept ?? 'application/json', 'User-Agent': 'belfry-source', ...headers },
        signal,
        timeout: silenceMs,
      });
      let cut: (reason: Error) => unknown = (reason) => sent.destroy(reason);
      sent.on('timeout', () => cut(silence(silenceMs, ask)));
      sent.on('response', (received) => {
        // From here on whoever reads the answer learns of a fault.
        cut = (reason) => received.destroy(reason);
        resolve(received);
      });
      sent.on('error', (cause) => reject(lost(cause, ask)));
      sent.end();
    });
    const { statusCode = 0, headers: received } = response;
    if (statusCode === 200) {
      ask.accepted?.();
      return response;
    }
    if (statusCode === 401) this.#access.refused();
    const { chunks } = await readUpTo(response, REFUSAL_BYTES, ask);
    throw refusalOf(what, statusCode, Buffer.concat(chunks).toString(), received['retry-after']);
  }

  #urlOf({ path, query = {} }: Ask): URL {
    const { server } = this.#access;
    const url = new URL(server.pathname.replace(/\/*$/, '') + path, server);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
    return url;
  }
}

function silence(ms: number, { what }: Ask): ApiError {
  return new ApiError(`The API server said nothing for ${ms / 1_000} s within the ${what}.`, {
    reason: SILENCE,
  });
}

async function readUpTo(
  response: IncomingMessage,
  max: number,
  ask: Ask,
): Promise<{ chunks: Buffer[]; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > max) return { chunks, isWhole: false };
      chunks.push(chunk);
    }
  } catch (cause) {
    throw lost(cause, ask);
  }
  return { chunks, isWhole: true };
}

function parsed(json: Buffer, { what }: Ask): unknown {
  try {
    return JSON.parse(json.toString());
  } catch (cause) {
    throw new ApiError(
      `The answer to the ${what} is no JSON. Expected an API server of Kubernetes, and no page of a proxy before it.`,
      { cause },
    );
  }
}

/** The fault of a connection. What another layer has already told stays as it is. */
function lost(cause: unknown, { what }: Ask): Error {
  if (cause instanceof ApiError) return cause;
  const { message, code } = cause as NodeJS.ErrnoException;
  return new ApiError(`The API server cannot be reached for the ${what}: ${message || String(code)}.`, {
    cause,
  });
}
