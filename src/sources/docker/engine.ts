import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { UsageError } from '../../clients/cli/errors.ts';
import { bound } from '../../model/bound.ts';

const ANSWER_MS = bound(
  'time in which a Docker engine answers',
  10_000,
  'ms',
  'the engine counts as away; all streams are opened again',
);
const ANSWER_MAX_BYTES = bound(
  'an error message of a Docker engine',
  64 * 1_024,
  'bytes',
  'the rest is not read',
);
/** Finds out that the other side of a TCP connection is gone, since streams of logs may be silent for days. */
const KEEP_ALIVE_MS = 15_000;

/** The engine answered with an error, such as 404 for a container that is gone. */
export class EngineError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A stream of the engine. Whoever stops reading it makes the engine wait. */
export type EngineStream = AsyncIterable<Buffer>;

/**
 * A client of the HTTP API of a Docker engine, which reads and never changes anything. A package such as dockerode brings
 * SSH, gRPC and 90 packages more; what a source needs of HTTP is here.
 */
export class Engine {
  readonly #where: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  /** Where the engine is, in words for people. */
  readonly address: string;
  #openStreams = 0;

  /** Takes an address as in DOCKER_HOST: `unix:///var/run/docker.sock`, or `tcp://host:2375`. @throws UsageError */
  constructor(address: string) {
    this.address = address;
    this.#where = placeOf(address);
  }

  /** How many streams are open. */
  get openStreams(): number {
    return this.#openStreams;
  }

  /** One answer in JSON, checked. @throws EngineError, Error of the network, ZodError */
  async read<T extends z.ZodType>(path: string, schema: T, signal: AbortSignal): Promise<z.infer<T>> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    return schema.parse(JSON.parse(await text(await this.#ask(path, limit))));
  }

  /** An answer that goes on until the signal or the engine ends it. @throws EngineError, Error of the network */
  async stream(path: string, signal: AbortSignal): Promise<EngineStream> {
    this.#openStreams++;
    let isOpen = true;
    const closed = (): void => {
      if (isOpen) this.#openStreams--;
      isOpen = false;
    };
    try {
      const answer = await this.#ask(path, signal);
      return answer.on('close', closed);
    } catch (error) {
      closed();
      throw error;
    }
  }

  async #ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    // Each has a connection of its own: a stream would keep it anyway.
    const sent = httpRequest({ ...this.#where, path, signal, agent: false, headers: { Host: 'docker' } });
    sent.on('socket', (socket) => {
      if (socket instanceof Socket) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    });
    // The headers of a stream may wait for its first line, so that there is no limit for them here.
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.end();
    const answer = await promise;
    const { statusCode: status = 0 } = answer;
    if (status === 200) return answer;
    throw new EngineError(status, await messageOf(answer));
  }
}

/** @throws UsageError */
function placeOf(address: string): { readonly socketPath: string } | { host: string; port: number } {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(address) ?? [];
  if (path !== undefined) return { socketPath: path };
  const url = /^(?:tcp|http):\/\//.test(address) ? URL.parse(address.replace(/^tcp/, 'http')) : null;
  if (url !== null && url.pathname === '/') return { host: url.hostname, port: Number(url.port || 2375) };
  throw new UsageError(
    `"${address}" names no Docker engine. Expected unix:///var/run/docker.sock, or tcp://host:2375 of a proxy for its socket.`,
  );
}

async function messageOf(answer: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of answer as AsyncIterable<Buffer>) {
    body += part.toString();
    if (body.length > ANSWER_MAX_BYTES) break;
  }
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // A proxy before the engine answers in words of its own.
  }
  return body.trim().slice(0, 200) || `the engine answered with ${answer.statusCode ?? 0}`;
}
