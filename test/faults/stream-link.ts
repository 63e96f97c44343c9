import { request } from 'node:http';
import type { Asked, Gap, Hearer, Link } from './client.ts';

/** A node says something every 15 s. After so long a silence, a client goes to another one. */
const SILENCE_MS = 20_000;
/** The close code where a connection ends without one. */
const ABNORMAL = 1006;
/** The code by which a client leaves of its own accord. */
const NORMAL = 1000;

/** A connection by a stream of server-sent events. Like a browser, it comes back with the last id that it was given. */
export function openStream(url: string, { token, pattern, since }: Asked, hearer: Hearer): Link {
  const headers = {
    Accept: 'text/event-stream',
    Authorization: `Bearer ${token}`,
    ...(since !== undefined && { 'Last-Event-ID': since }),
  };
  const address = `${url}/api/v3/events?pattern=${encodeURIComponent(pattern)}`;
  const asked = request(address, { headers, agent: false });
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  let code = ABNORMAL;
  let hasBegun = false;
  const take = (message: Message): void => {
    const { id, event, data } = message;
    if (id !== undefined && !hasBegun) {
      hasBegun = true;
      hearer.begun(id);
    }
    if (event === 'close') code = (JSON.parse(data ?? '') as { code: number }).code;
    else if (event === 'gap') hearer.gap((JSON.parse(data ?? '') as { object: Gap }).object);
    else if (data !== undefined) {
      const told = JSON.parse(data) as { id?: string; key: string; object: { n: number } };
      hearer.heard({ id: told.id, key: told.key, n: told.object.n }, id);
    } else if (id !== undefined) hearer.upTo(id);
  };
  asked.setTimeout(SILENCE_MS, () => asked.destroy());
  asked.on('error', () => resolve(ABNORMAL));
  asked.on('response', (response) => {
    if (response.statusCode !== 200) code = response.statusCode ?? ABNORMAL;
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) take(messageOf(message));
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      asked.destroy();
      resolve(code);
    });
  });
  asked.end();
  const leave = (): void => {
    code = NORMAL;
    asked.destroy();
    resolve(code);
  };
  return { closed, close: leave, cut: leave };
}

/** The fields of a message with the names of the HTML Living Standard. */
interface Message {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

function messageOf(text: string): Message {
  const fields = text.split('\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
  });
  return Object.fromEntries(fields) as Message;
}
