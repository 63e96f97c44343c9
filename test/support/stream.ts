import { onTestFinished } from 'vitest';

/** A message or a comment of an event stream, with the names of the HTML Living Standard. */
export interface Message {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
  readonly comment?: string;
}

/** An event stream as a client reads it, message by message. An empty line ends each message. */
export class TestStream {
  readonly response: Response;
  /** The id that a browser would send when it reconnects. */
  lastEventId = '';
  readonly #messages: AsyncGenerator<Message>;

  constructor(response: Response) {
    this.response = response;
    this.#messages = messagesOf(response);
  }

  /** The next message of any kind, or `undefined` at the end of the stream. */
  async next(): Promise<Message | undefined> {
    const { value } = (await this.#messages.next()) as { value: Message | undefined };
    this.lastEventId = value?.id ?? this.lastEventId;
    return value;
  }

  /** The next message that has data, with the native event that it carries. */
  async nextEvent(): Promise<{ event: string; id?: string; data: Record<string, unknown> }> {
    for (;;) {
      const message = await this.next();
      if (message === undefined) throw new Error('the stream ended before an event came');
      if (message.data === undefined) continue;
      const { event = 'message', id, data } = message;
      const read = JSON.parse(data) as Record<string, unknown>;
      return { event, ...(id !== undefined && { id }), data: read };
    }
  }

  async nextKeys(count: number): Promise<unknown[]> {
    const keys: unknown[] = [];
    while (keys.length < count) keys.push((await this.nextEvent()).data['key']);
    return keys;
  }
}

async function* messagesOf(response: Response): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield messageOf(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function messageOf(text: string): Message {
  const fields = text.split('\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon) || 'comment', line.slice(colon + 1).trimStart()];
  });
  return Object.fromEntries(fields) as Message;
}

/** Opens a stream that ends with the test. It rejects with `refused with <status>` when the hub answers without a stream. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<TestStream> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const accept = { Accept: 'text/event-stream', ...headers };
  const response = await fetch(url, { headers: accept, signal: abort.signal });
  if (!response.ok) throw new Error(`refused with ${response.status} ${await response.text()}`);
  return new TestStream(response);
}

/** Opens a stream and waits until it is live. It rejects with `closed with <code>` when the stream ends before. */
export async function openLiveStream(url: string): Promise<TestStream> {
  const stream = await openStream(url);
  await stream.next();
  const { event, data = '' } = (await stream.next()) ?? {};
  if (event === 'close') throw new Error(`closed with ${(JSON.parse(data) as { code: number }).code}`);
  return stream;
}
