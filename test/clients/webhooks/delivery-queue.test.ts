import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { HubEvent } from '../../../src/clients/sdk/item.ts';
import {
  DeliveryQueue,
  type Attempt,
  type DeliveryQueueOptions,
} from '../../../src/clients/webhooks/delivery-queue.ts';
import { readSecrets, type Secrets } from '../../../src/clients/webhooks/secrets.ts';
import { ManualClock } from '../../support/clock.ts';
import { startHttpServer } from '../../support/http-server.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.from('another secret of many characters').toString('base64')}`;

interface Post {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A receiver that answers each post as `answer` says; without an answer it hangs up. */
async function receiver(answer: (post: Post) => Answer | undefined | Promise<Answer | undefined>) {
  const posts: Post[] = [];
  const { url } = await startHttpServer((request, response) => {
    void (async () => {
      const { headers } = request;
      const post = { id: String(headers['webhook-id']), headers, body: await text(request) };
      posts.push(post);
      const given = await answer(post);
      if (given === undefined) request.socket.destroy();
      else response.writeHead(given.status, given.headers).end();
    })();
  });
  return { url: new URL(url), posts };
}

function queueFor(
  url: URL,
  options: Partial<Omit<DeliveryQueueOptions, 'receiver'>> & { readonly secrets?: Secrets } = {},
) {
  const { secrets = [SECRET], ...others } = options;
  const clock = new ManualClock(new Date().toISOString());
  const attempts: Attempt[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const queue = new DeliveryQueue({
    receiver: { url, secrets, timeoutMs: 10_000 },
    retryForMs: 3_600_000,
    signal: stop.signal,
    tell: (attempt) => attempts.push(attempt),
    timing: { clock, random: () => 1 },
    ...others,
  });
  return { queue, clock, attempts, stop };
}

let sequence = 0;

function event(key: string, object: unknown = null): HubEvent {
  const fields = {
    id: `1768473000000-${++sequence}`,
    time: '2026-01-15T10:30:00Z',
    type: 'a',
    action: 'b',
    key,
  };
  return { ...fields, object, text: JSON.stringify({ ...fields, object }) };
}

const OK: Answer = { status: 204 };

describe('a queue of deliveries', () => {
  it('signs with each of two secrets, so that a receiver that knows either one accepts', async () => {
    const { url, posts } = await receiver(() => OK);
    const { queue } = queueFor(url, { secrets: readSecrets(`${SECRET}\n${OTHER_SECRET}\n`) });
    await queue.take(event('ключ', { text: '„ü“ 😀 12345678901234567890' }));
    await queue.end();
    const [{ body, headers } = { body: '', headers: {} }] = posts;
    for (const secret of [SECRET, OTHER_SECRET])
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        key: 'ключ',
      });
    expect(() =>
      new Webhook(`whsec_${'A'.repeat(40)}`).verify(body, headers as Record<string, string>),
    ).toThrow('No matching signature');
  });

  it('delivers everything in order per key, and nothing twice, after a receiver was down for five minutes', async () => {
    let isUp = false;
    const { url, posts } = await receiver(() => (isUp ? OK : { status: 503 }));
    const { queue, clock } = queueFor(url);
    const events = Array.from({ length: 60 }, (_, n) => event(`${n % 3}`));
    const taken = (async () => {
      for (const each of events) await queue.take(each);
      await queue.end();
    })();
    const until = clock.now() + 300_000;
    while (clock.now() < until) {
      const before = posts.length;
      await vi.waitFor(() => expect(clock.pending).toBe(3));
      clock.advance(30_000);
      await vi.waitFor(() => expect(posts.length).toBe(before + 3));
    }
    await vi.waitFor(() => expect(clock.pending).toBe(3));
    isUp = true;
    const attempted = posts.length;
    clock.advance(30_000);
    await taken;
    const accepted = posts.slice(attempted).map(({ id }) => id);
    expect(accepted).toHaveLength(events.length);
    for (const key of ['0', '1', '2']) {
      const wanted = events.filter((each) => each.key === key).map(({ id }) => id);
      expect(accepted.filter((id) => wanted.includes(id))).toEqual(wanted);
    }
  });

  it('waits with every key for as long as Retry-After asks, in seconds or as a date', async () => {
    let answer: Answer = { status: 429, headers: { 'Retry-After': '120' } };
    const { url, posts } = await receiver(() => answer);
    const { queue, clock } = queueFor(url);
    await queue.take(event('1'));
    await vi.waitFor(() => expect(clock.nextTimer).toBe(120_000));
    await queue.take(event('2'));
    await vi.waitFor(() => expect(clock.timers).toBe(2));
    clock.advance(119_999);
    expect(posts).toHaveLength(1);
    const date = new Date(clock.now() + 60_000).toUTCString();
    answer = { status: 503, headers: { 'Retry-After': date } };
    clock.advance(1);
    await vi.waitFor(() => expect(posts).toHaveLength(3));
    await vi.waitFor(() => expect(clock.timers).toBe(2));
    expect(clock.nextTimer).toBeGreaterThan(57_000);
    answer = OK;
    clock.advance(61_000);
    await queue.end();
    expect(posts).toHaveLength(5);
  });

  it('gives an event up when its time is over, and goes on with the next one of the key', async () => {
    const first = event('1');
    const { url, posts } = await receiver(({ id }) => (id === first.id ? { status: 400 } : OK));
    const given: (readonly [string | undefined, number | undefined])[] = [];
    const { queue, clock } = queueFor(url, {
      retryForMs: 1_000,
      giveUp: async ({ id }, { status }) => {
        given.push([id, status]);
        return true;
      },
    });
    await queue.take(first);
    const second = event('1');
    await queue.take(second);
    for (let n = 1; n <= 2; n++) {
      await vi.waitFor(() => expect(clock.timers).toBe(1));
      clock.advance(500);
    }
    await queue.end();
    expect(given).toEqual([[first.id, 400]]);
    expect(posts.map(({ id }) => id)).toEqual([first.id, first.id, first.id, second.id]);
    expect(queue.progress).toEqual({ cursor: second.id, settled: [] });
  });

  it('says what is settled after an event that is not, and a later queue repeats only that event', async () => {
    const stuck = event('stuck');
    const { url, posts } = await receiver(({ id }) => (id === stuck.id ? undefined : OK));
    const { queue, stop, clock } = queueFor(url);
    const before = event('1');
    const after = [event('2'), event('3')];
    for (const each of [before, stuck, ...after]) await queue.take(each);
    await vi.waitFor(() => expect(queue.progress.settled).toHaveLength(2));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    queue.pass({ id: '1768473000000-90000' });
    stop.abort();
    await queue.end();
    const from = queue.progress;
    expect(from).toEqual({ cursor: before.id, settled: after.map(({ id }) => id) });

    posts.length = 0;
    const { url: other, posts: late } = await receiver(() => OK);
    const { queue: next } = queueFor(other, { from });
    expect(next.progress).toEqual(from);
    for (const each of [stuck, ...after]) await next.take(each);
    await next.end();
    expect(late.map(({ id }) => id)).toEqual([stuck.id]);
    expect(next.progress).toEqual({ cursor: after.at(-1)?.id, settled: [] });
  });

  it('posts nothing more once the receiver has answered with 410', async () => {
    const { url, posts } = await receiver(() => ({ status: 410 }));
    const gone = vi.fn<() => void>();
    const { queue } = queueFor(url, { gone });
    for (let n = 0; n < 5; n++) await queue.take(event('1'));
    await queue.end();
    expect([gone.mock.calls.length, posts.length, queue.progress.cursor]).toEqual([1, 1, undefined]);
  });

  it('delivers no more keys at a time than it may, and lets a slow receiver take its time', async () => {
    let open = 0;
    let most = 0;
    const answers: (() => void)[] = [];
    const { url, posts } = await receiver(async () => {
      most = Math.max(most, ++open);
      await new Promise<void>((resolve) => answers.push(resolve));
      open--;
      return OK;
    });
    const { queue } = queueFor(url, { keysAtATime: 4 });
    const taken = (async () => {
      for (let n = 0; n < 12; n++) await queue.take(event(`${n}`));
      await queue.end();
    })();
    for (let n = 0; n < 12; n++) {
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(0));
      answers.shift()?.();
    }
    await taken;
    expect([most, posts.length]).toEqual([4, 12]);
  });
});
