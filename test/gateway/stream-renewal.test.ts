import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { startNode } from '../support/node.ts';
import { openStream, type TestStream } from '../support/stream.ts';

interface Told {
  readonly data: string;
  readonly lastEventId: string;
}

/**
 * As much of the HTML Living Standard's EventSource as the page of the documentation uses. It does not reconnect by
 * itself.
 */
function eventSourceAt(base: string) {
  return class EventSourceStub {
    onmessage: (told: Told) => void = () => {};
    readonly #listeners = new Map<string, (told: Told) => void>();
    #open = true;

    constructor(path: string) {
      void openStream(`${base}${path}`).then((stream) => this.#read(stream));
      onTestFinished(() => this.close());
    }

    addEventListener(name: string, listener: (told: Told) => void): void {
      this.#listeners.set(name, listener);
    }

    close(): void {
      this.#open = false;
    }

    async #read(stream: TestStream): Promise<void> {
      while (this.#open) {
        const message = await stream.next().catch(() => undefined);
        if (message === undefined) return;
        const { event = 'message', data } = message;
        if (data === undefined) continue;
        const told = { data, lastEventId: stream.lastEventId };
        if (event === 'message') this.onmessage(told);
        else this.#listeners.get(event)?.(told);
      }
    }
  };
}

it('the page of the documentation goes on with a new token when the one before has expired, and misses nothing', async () => {
  const node = await startNode();
  const page = /```js\n(\/\/ In a page\.[\s\S]*?)```/.exec(
    readFileSync(new URL('../../src/docs/how-to/listen-in-a-browser.md', import.meta.url), 'utf8'),
  )?.[1];
  const tokens: string[] = [];
  const heard: string[] = [];
  const freshToken = async (): Promise<string> => {
    // The first token ends while the page sleeps: it is revoked before it is used again.
    const token = await node.token('ada', { subscribe: ['profiles.*.*'] });
    tokens.push(token);
    if (tokens.length === 2) await publish('two');
    return token;
  };
  const publish = async (key: string): Promise<void> => {
    const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'profiles', action: 'save', key, object: null }),
    });
    expect(response.status).toBe(204);
  };
  const log = ({ key }: { key: string }): void => void heard.push(key);
  runInNewContext(page ?? '', {
    EventSource: eventSourceAt(node.url),
    URLSearchParams,
    freshToken,
    console: { log, warn: log },
  });
  await expect.poll(() => node.hub.connections.size).toBe(1);
  await publish('one');
  await expect.poll(() => heard).toEqual(['one']);
  const revoke = `${node.url}/api/v3/tokens?principal=user:ada&token=${await node.token()}`;
  expect((await fetch(revoke, { method: 'DELETE' })).status).toBe(200);
  await expect.poll(() => heard).toEqual(['one', 'two']);
  await publish('three');
  await expect.poll(() => heard).toEqual(['one', 'two', 'three']);
  expect(tokens).toHaveLength(2);
});
