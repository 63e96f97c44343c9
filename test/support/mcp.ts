import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import { MAIN } from './process.ts';

/** What a tool answered. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

/** An answer with events, as `wait_for_events` and `history` give it. */
export interface EventsAnswer {
  readonly events: readonly { readonly id?: string; readonly key: string; readonly object: unknown }[];
  readonly next: string;
  readonly more: boolean;
  readonly earlier?: string;
  readonly timedOut?: boolean;
  readonly closed?: string;
  readonly gap?: { readonly reason: string };
}

/** The versions of the protocol that an agent may speak: with a handshake, or the one that needs none. */
export const PROTOCOLS = [
  'legacy',
  { pin: '2026-07-28' },
] as const satisfies readonly VersionNegotiationMode[];

/** An agent: the official client of the protocol, which calls tools and does nothing else. */
export class Agent {
  readonly client: Client;

  constructor(mode: VersionNegotiationMode = 'legacy') {
    this.client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode } });
    onTestFinished(() => this.client.close());
  }

  static async overHttp(
    url: string,
    token: string,
    { mode, query = '' }: { mode?: VersionNegotiationMode; query?: string } = {},
  ): Promise<Agent> {
    const agent = new Agent(mode);
    const headers = { Authorization: `Bearer ${token}` };
    await agent.client.connect(
      new StreamableHTTPClientTransport(new URL(`${url}/mcp${query}`), { requestInit: { headers } }),
    );
    return agent;
  }

  /** The agent starts the command by itself, as a program on a desk does. */
  static async overStdio(
    args: readonly string[],
    env: Record<string, string>,
    mode?: VersionNegotiationMode,
  ): Promise<Agent> {
    const agent = new Agent(mode);
    await agent.client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [MAIN, 'mcp', ...args],
        env: { BELFRY_CONTEXTS: '/nowhere/contexts.json', ...env },
      }),
    );
    return agent;
  }

  async tools(): Promise<string[]> {
    const { tools } = await this.client.listTools();
    return tools.map(({ name }) => name);
  }

  async call(
    name: string,
    given: Record<string, unknown> = {},
    options: Parameters<Client['callTool']>[1] = {},
  ): Promise<ToolAnswer> {
    const { content, isError = false } = await this.client.callTool({ name, arguments: given }, options);
    const [part] = content;
    return { text: part?.type === 'text' ? part.text : '', isError };
  }

  /** The JSON that a tool answered. */
  async ask<T = EventsAnswer>(name: string, given: Record<string, unknown> = {}): Promise<T> {
    const { text, isError } = await this.call(name, given);
    if (isError) throw new Error(text);
    return JSON.parse(text) as T;
  }
}
