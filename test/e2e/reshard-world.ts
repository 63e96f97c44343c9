import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

export const TYPES = Array.from({ length: 8 }, (_, i) => `type${i}`);
const KEYS = 3;

/** A numbered event of a key. */
export interface Numbered {
  readonly type: string;
  readonly key: string;
  readonly n: number;
}

/** Publishes one event. Resolves with false if nothing was accepted for certain, or nobody knows. */
export type Publish = (event: string, once: string, of: Numbered) => Promise<boolean>;

/** Publishes numbered events, each until it was accepted, and the next one of a key after that. */
export class NumberedPublisher {
  readonly accepted: Numbered[] = [];
  readonly #name: string;
  readonly #publish: Publish;
  readonly #running: Promise<void>;
  readonly #paceMs: number;
  #isOver = false;

  constructor(name: string, publish: Publish, paceMs: number) {
    this.#paceMs = paceMs;
    this.#name = name;
    this.#publish = publish;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#isOver; n++)
      for (let k = 0; k < KEYS; k++) {
        const key = `${this.#name}-${k}`;
        const type =
          TYPES[(k + this.#name.length + Number(/\d+/.exec(this.#name)?.[0])) % TYPES.length] ?? '';
        const event = JSON.stringify({ type, action: 'save', key, object: { n } });
        while (!(await this.#publish(event, `${key} ${n}`, { type, key, n }))) await pause(20);
        this.accepted.push({ type, key, n });
        await pause(this.#paceMs);
      }
  }
}

export function byHttp(urlOf: () => string, token: string): Publish {
  return async (body, once) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': once,
    };
    const answer = await fetch(`${urlOf()}/api/v3/events`, { method: 'POST', headers, body }).catch(
      () => undefined,
    );
    const status = answer?.status ?? 503;
    if (status !== 204 && status !== 503)
      throw new Error(`The hub answered ${status}: ${await answer?.text()}`);
    return status === 204;
  };
}

/** Publishes in the shard that the last refusal has named. A service keeps it for each key. */
export function byFunction(redis: Redis, prefix: string): Publish {
  const names = new Map<string, string>();
  return async (event, once, { key }) => {
    const name = names.get(key) ?? prefix;
    try {
      await redis.call('FCALL', 'belfry_publish', 2, `{${name}}:log`, `{${name}}:once:${once}`, event);
      return true;
    } catch (error) {
      const refusal = (error as Error).message;
      if (!refusal.startsWith('BELFRY wrong_shard')) throw error;
      const [, other] = /\{([^{}]+)\}:log/.exec(refusal) ?? [];
      if (other !== undefined) names.set(key, other);
      return false;
    }
  };
}

export function byIngress(redis: Redis, prefix: string): Publish {
  return async (event) => (await redis.xadd(`{${prefix}}:ingress`, '*', 'event', event)) !== null;
}

/** What a client heard, over all its connections. */
export class ResumingListener {
  readonly heard: Numbered[] = [];
  readonly gaps: unknown[] = [];
  position: string | undefined;
  cuts = 0;
  readonly ready: Promise<void>;
  readonly #isReady = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #isOver = false;

  /** `connect` opens one connection, which ends when the time is over. */
  constructor(connect: (client: ResumingListener, forMs: number) => Promise<void>, cutAfterMs: () => number) {
    this.ready = this.#isReady.promise;
    this.#running = (async () => {
      while (!this.#isOver) {
        await connect(this, cutAfterMs());
        this.cuts++;
      }
    })();
  }

  /** Takes the position that the hub gave with the subscription. */
  subscribed(position: string): void {
    this.position ??= position;
    this.#isReady.resolve();
  }

  take(event: {
    id?: string;
    position?: string;
    type: string;
    action: string;
    key: string;
    object: unknown;
  }): void {
    if (event.type === 'belfry') {
      if (event.action === 'gap') this.gaps.push(event.object);
      return;
    }
    this.position = event.position ?? event.id ?? this.position;
    if (event.action !== 'save') return;
    this.heard.push({ type: event.type, key: event.key, n: (event.object as { n: number }).n });
  }

  /** Ends after its present connection. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }
}

export function overSocket(urlOf: () => string, token: string, pattern: string) {
  return async (client: ResumingListener, forMs: number): Promise<void> => {
    const headers = { Authorization: `Bearer ${token}` };
    const ws = new WebSocket(`${urlOf().replace(/^http/, 'ws')}/native/ws`, { headers });
    const cut = setTimeout(() => ws.terminate(), forMs);
    ws.on('open', () =>
      ws.send(JSON.stringify({ id: 's', command: 'subscribe', patterns: [pattern], since: client.position })),
    );
    ws.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as Parameters<ResumingListener['take']>[0];
      if (event.type === 'belfry' && event.action === 'subscribe')
        client.subscribed((event.object as { cursor: string }).cursor);
      client.take(event);
    });
    ws.on('error', () => undefined);
    await new Promise((resolve) => ws.on('close', resolve));
    clearTimeout(cut);
  };
}

export function overStream(urlOf: () => string, token: string, pattern: string) {
  return async (client: ResumingListener, forMs: number): Promise<void> => {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), forMs);
    try {
      const stream = openStreamUntil(
        `${urlOf()}/api/v3/events?pattern=${encodeURIComponent(pattern)}`,
        {
          Authorization: `Bearer ${token}`,
          ...(client.position !== undefined && { 'Last-Event-ID': client.position }),
        },
        cut.signal,
      );
      for await (const { id, data } of stream) {
        if (data !== undefined)
          client.take({
            ...(JSON.parse(data) as Parameters<ResumingListener['take']>[0]),
            ...(id && { position: id }),
          });
        if (id !== undefined) {
          client.subscribed(id);
          client.position = id;
        }
      }
    } catch {
      // It was cut, or its node ended.
    }
    clearTimeout(timer);
  };
}

async function* openStreamUntil(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<{ id?: string; data?: string }> {
  const response = await fetch(url, { headers: { Accept: 'text/event-stream', ...headers }, signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [id, data] = [field('id'), field('data')];
      yield { ...(id !== undefined && { id }), ...(data !== undefined && { data }) };
    }
  }
}

/** What is wrong with what a client heard: lost, doubled, or out of order. */
export function faultsOf(heard: readonly Numbered[], expected: readonly Numbered[]): string[] {
  const next = new Map<string, number>();
  const faults: string[] = [];
  for (const { type, key, n } of heard) {
    const name = `${type} ${key}`;
    const wanted = next.get(name) ?? 0;
    if (n !== wanted) faults.push(`${name}: ${n} came where ${wanted} was next`);
    next.set(name, n + 1);
  }
  const counts = new Map<string, number>();
  for (const { type, key, n } of expected) counts.set(`${type} ${key}`, n + 1);
  for (const [name, count] of counts)
    if ((next.get(name) ?? 0) !== count) faults.push(`${name}: ${next.get(name) ?? 0} of ${count} came`);
  return faults;
}

const PATTERNS = ['*.save.*', '*.*.*', `${TYPES[3]},${TYPES[5]}.save.*`, '*.save.p1-0,p2-1,p3-2'];

interface Listening {
  readonly pattern: string;
  readonly client: ResumingListener;
}

/** Publishers through every entry point, and clients that are cut off and resume at any node, all on one hub. */
export class Load {
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #prefix: string;
  readonly #redis = new Redis(inject('redisUrl'));
  #publishers: readonly NumberedPublisher[] = [];
  #clients: readonly Listening[] = [];

  constructor(urls: readonly string[], token: string, prefix: string) {
    this.#urls = urls;
    this.#token = token;
    this.#prefix = prefix;
    onTestFinished(() => this.#redis.disconnect());
  }

  async start(publishers = 12, clients = 8, paceMs = 5): Promise<void> {
    const [token, prefix] = [this.#token, this.#prefix];
    const anyUrl = (): string => this.#urls[Math.floor(Math.random() * this.#urls.length)] ?? '';
    const cutAfterMs = (): number => 20 * paceMs + Math.random() * 180 * paceMs;
    this.#clients = Array.from({ length: clients }, (_, i) => {
      const pattern = PATTERNS[i % PATTERNS.length] ?? '';
      const over = i % 8 < 4 ? overSocket : overStream;
      return { pattern, client: new ResumingListener(over(anyUrl, token, pattern), cutAfterMs) };
    });
    await Promise.all(this.#clients.map(({ client }) => client.ready));
    const ways = [
      byHttp(anyUrl, token),
      byHttp(anyUrl, token),
      byFunction(this.#redis, prefix),
      byIngress(this.#redis, prefix),
    ];
    this.#publishers = Array.from(
      { length: publishers },
      (_, i) => new NumberedPublisher(`p${i}`, ways[i % ways.length] as Publish, paceMs),
    );
  }

  /** Ends the publishers, waits until all is heard, and answers what is wrong with it. */
  async stop(): Promise<object[]> {
    await Promise.all(this.#publishers.map((publisher) => publisher.stop()));
    while ((await this.#redis.xlen(`{${this.#prefix}}:ingress`)) > 0) await pause(50);
    const heardAll = ({ pattern, client }: Listening): boolean =>
      client.heard.length >= this.#expectedOf(pattern).length;
    // What is not heard by then is lost, and told below.
    for (let tries = 0; tries < 200 && !this.#clients.every(heardAll); tries++) await pause(50);
    await Promise.all(this.#clients.map(({ client }) => client.stop()));
    const found = this.#clients.map(({ pattern, client: { heard, gaps, cuts } }) => {
      const faults = faultsOf(heard, this.#expectedOf(pattern));
      return { pattern, gaps, faults: faults.slice(0, 5), wasCut: cuts > 0 };
    });
    return found.filter(({ gaps, faults, wasCut }) => gaps.length + faults.length > 0 || !wasCut);
  }

  #expectedOf(pattern: string): Numbered[] {
    const [types = '', , keys = ''] = pattern.split('.');
    const holds = (part: string, value: string): boolean => part === '*' || part.split(',').includes(value);
    return this.#publishers
      .flatMap(({ accepted }) => accepted)
      .filter(({ type, key }) => holds(types, type) && holds(keys, key));
  }
}
