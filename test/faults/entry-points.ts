import { once } from 'node:events';
import { Redis, ReplyError } from 'ioredis';
import { WebSocket } from 'ws';
import { request } from './http.ts';
import { Refused, WrongAnswer, type EntryPoint } from './publisher.ts';

const ANSWERS_WITHIN_MS = 3_000;

/** The addresses and the token that a publisher needs. */
export interface EntryPointOptions {
  readonly urls: readonly string[];
  readonly redisUrl: string;
  readonly token: string;
}

/** Publishes by `POST /api/v3/events` with an `Idempotency-Key`, and turns to the next node when one does not accept. */
export function httpEntryPoint({ urls, token }: EntryPointOptions): EntryPoint {
  let turn = 0;
  return {
    promise: 'exactly',
    passesNodes: false,
    async publish(event, key) {
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      };
      const url = `${urls[turn % urls.length]}/api/v3/events`;
      // The next attempt goes to another node, unless this one accepts the event.
      turn++;
      const asked = { method: 'POST', headers, body: event };
      const answer = await request(url, asked, ANSWERS_WITHIN_MS);
      if (answer.status === 204) {
        turn--;
        return String(answer.headers['belfry-event-ids']);
      }
      const retryAfter = answer.headers['retry-after'];
      if (answer.status !== 503 || retryAfter === undefined)
        throw new WrongAnswer(`answered ${answer.status}, Retry-After ${retryAfter}: ${answer.body}`);
      throw new Refused(answer.body, { retryAfterS: Number(retryAfter), isSure: false });
    },
    close: async () => undefined,
  };
}

/** Publishes by `FCALL belfry_publish` with an idempotency key as the second key. */
export function fcallEntryPoint(options: EntryPointOptions): EntryPoint {
  return redisEntryPoint('exactly', options, (redis, event, key) =>
    redis.fcall('belfry_publish', 2, '{belfry}:log', `{belfry}:once:${key}`, event),
  );
}

/** Publishes by `FCALL belfry_publish` without an idempotency key, so a repetition after a lost answer is a second event. */
export function bareFcallEntryPoint(options: EntryPointOptions): EntryPoint {
  return redisEntryPoint('at least', options, (redis, event) =>
    redis.fcall('belfry_publish', 1, '{belfry}:log', event),
  );
}

/** Publishes by `PUBLISH`, so that the event is heard live or not at all. */
export function publishEntryPoint(options: EntryPointOptions): EntryPoint {
  return redisEntryPoint('live', options, async (redis, event) => {
    await redis.publish('belfry:events', event);
    return [undefined];
  });
}

/** Publishes by the command `publish` of a native socket, which knows no idempotency key. */
export function socketEntryPoint({ urls, token }: EntryPointOptions): EntryPoint {
  let ws: WebSocket | undefined;
  let turn = 0;
  const connect = async (): Promise<WebSocket> => {
    if (ws?.readyState === WebSocket.OPEN) return ws;
    ws?.terminate();
    ws = new WebSocket(`${urls[turn++ % urls.length]?.replace(/^http/, 'ws')}/native/ws`, {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: ANSWERS_WITHIN_MS,
    });
    ws.on('error', () => undefined);
    await once(ws, 'open', { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    return ws;
  };
  return {
    promise: 'at least',
    passesNodes: false,
    async publish(event, key) {
      const socket = await connect().catch(() => {
        throw new Refused('not connected');
      });
      try {
        return await answerTo(socket, key, event);
      } catch (error) {
        if (!(error instanceof Refused)) socket.terminate();
        throw error;
      }
    },
    close: async () => ws?.terminate(),
  };
}

async function answerTo(ws: WebSocket, key: string, event: string): Promise<string | undefined> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]);
  const gone = once(ws, 'close', { signal }).then((): [Buffer] => {
    throw new Error('closed without an answer');
  });
  const answer = once(ws, 'message', { signal }) as Promise<[Buffer]>;
  ws.send(`{"id":${JSON.stringify(key)},"command":"publish","events":[${event}]}`);
  const [data] = await Promise.race([answer, gone]).finally(() => over.abort());
  const { action, object } = JSON.parse(data.toString()) as {
    action: string;
    object: { ids?: string[]; message?: string };
  };
  // The hub itself may not know whether the command was carried out, so this is no clear refusal.
  if (action !== 'publish') throw new Error(object.message);
  return object.ids?.[0];
}

function redisEntryPoint(
  promise: EntryPoint['promise'],
  { redisUrl }: EntryPointOptions,
  call: (redis: Redis, event: string, key: string) => Promise<unknown>,
): EntryPoint {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: ANSWERS_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(500, attempt * 50),
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
  redis.on('error', () => undefined);
  return {
    promise,
    passesNodes: true,
    async publish(event, key) {
      if (redis.status !== 'ready') throw new Refused('not connected');
      try {
        const [id] = (await call(redis, event, key)) as [string | undefined];
        return id;
      } catch (error) {
        throw error instanceof ReplyError ? new Refused(String(error)) : error;
      }
    },
    close: async () => redis.disconnect(),
  };
}
