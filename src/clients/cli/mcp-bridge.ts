import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { refusalIn } from '../sdk/http.ts';
import type { CommandError } from './errors.ts';
import type { Session } from './session.ts';

/** A message of the Model Context Protocol, as far as the bridge reads it. */
interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: unknown;
    readonly requestId?: string | number;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly result?: { readonly protocolVersion?: unknown };
}

/** Clients of the protocol show this code with the message of the error. */
const SERVER_ERROR = -32_000;
const PARSE_ERROR = -32_700;
const AGAIN =
  'Call again once it answers: wait_for_events with the same since, and publish with the same idempotencyKey.';
const VERSION = 'io.modelcontextprotocol/protocolVersion';

/**
 * Carries messages between an agent that speaks over standard input and output, and the hub, which answers them at `/mcp`. It
 * knows no tool: what an agent may do, and how it is told so, is the same on both ways.
 */
export class McpBridge {
  readonly #session: Pick<Session, 'send' | 'explained'>;
  readonly #path: string;
  readonly #output: Writable;
  /** The requests under way, by their ids. */
  readonly #underway = new Map<string | number, AbortController>();
  /** What was agreed in the handshake of the versions that have one. */
  #version: string | undefined;

  constructor(session: Pick<Session, 'send' | 'explained'>, path: string, output: Writable) {
    this.#session = session;
    this.#path = path;
    this.#output = output;
  }

  /** Reads messages, one in each line, until the input ends. What is under way then is of use to nobody. */
  async run(input: Readable): Promise<void> {
    for await (const line of createInterface({ input })) if (line.trim() !== '') void this.#take(line);
    for (const controller of this.#underway.values()) controller.abort();
  }

  async #take(line: string): Promise<void> {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      return this.#fail(
        null,
        'The line is not JSON. Expected one message of JSON-RPC in each line.',
        PARSE_ERROR,
      );
    }
    const { id, method, params } = message;
    // The hub stops when its request ends. A message of its own could come to another node.
    if (method === 'notifications/cancelled') return this.#underway.get(params?.requestId ?? '')?.abort();
    const controller = new AbortController();
    if (id !== undefined) this.#underway.set(id, controller);
    try {
      const isAnswered = await this.#ask(line, message, controller.signal);
      if (!isAnswered && id !== undefined) this.#fail(id, `The hub ended its answer too early. ${AGAIN}`);
    } catch (error) {
      if (id !== undefined && !controller.signal.aborted) this.#fail(id, this.#textOf(error));
    } finally {
      if (id !== undefined) this.#underway.delete(id);
    }
  }

  /** Sends a message to the hub, and writes what it answers. Resolves with whether there was an answer to its request. */
  async #ask(line: string, message: Message, signal: AbortSignal): Promise<boolean> {
    const response = await this.#session.send(this.#path, {
      method: 'POST',
      headers: this.#headersOf(message),
      body: line,
      signal,
    });
    if (response.headers.get('Content-Type')?.startsWith('text/event-stream') !== true) {
      const text = await response.text();
      if (!response.ok && !isMessage(text)) throw refusalIn(response.status, text);
      return text !== '' && this.#write(text);
    }
    let isAnswered = false;
    for await (const text of dataOf(response)) if (text !== '' && this.#write(text)) isAnswered = true;
    return isAnswered;
  }

  #headersOf({ method = '', params = {} }: Message): Record<string, string> {
    const { name, _meta: { [VERSION]: named } = {} } = params;
    const version = typeof named === 'string' ? named : this.#version;
    return {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(version !== undefined && { 'MCP-Protocol-Version': version }),
      ...(typeof named === 'string' && { 'Mcp-Method': method }),
      ...(typeof named === 'string' && typeof name === 'string' && { 'Mcp-Name': name }),
    };
  }

  /** Writes a message of the hub. Returns whether it answers a request. */
  #write(text: string): boolean {
    // Outside of its strings, where JSON has none, a line break is a space.
    this.#output.write(`${text.replaceAll(/[\r\n]+/g, ' ')}\n`);
    const { id, result } = JSON.parse(text) as Message;
    if (typeof result?.protocolVersion === 'string') this.#version = result.protocolVersion;
    return id !== undefined;
  }

  /** What a refusal says, or the fault of a connection that broke, which says nothing of what became of the call. */
  #textOf(error: unknown): string {
    const { message, see, exit } = this.#session.explained(error) as Partial<CommandError> & Error;
    if (exit === undefined) return `The connection to the hub broke: ${message}. ${AGAIN}`;
    const again = exit === 'unreachable' ? ` ${AGAIN}` : '';
    return see?.startsWith('http') ? `${message}${again} See ${see}` : message + again;
  }

  #fail(id: string | number | null, message: string, code = SERVER_ERROR): void {
    this.#output.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`);
  }
}

function isMessage(text: string): boolean {
  try {
    return (JSON.parse(text) as { readonly jsonrpc?: unknown }).jsonrpc === '2.0';
  } catch {
    return false;
  }
}

/** The data of server-sent events, each as one text. */
async function* dataOf(response: Response): AsyncGenerator<string, void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
    rest = events.pop() ?? '';
    for (const event of events) {
      const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
      yield lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
    }
  }
}
