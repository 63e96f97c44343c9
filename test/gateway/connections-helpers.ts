import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { connect, type TestClient } from '../support/client.ts';
import type { TestNode } from '../support/node.ts';

/** A connection as REST shows it. */
export interface Shown {
  readonly Type: string;
  readonly RemoteAddr: string;
  readonly Principal: string;
  readonly CreateTime: string;
  readonly ExpiresAt: string | null;
  readonly Id: string;
  readonly Node: string;
  readonly Dialect: string;
  readonly Patterns: readonly string[];
  readonly UserAgent: string;
}

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** Makes one request on a socket of its own, which is gone before this resolves. The path is sent unchanged. */
export async function ask<Body = unknown>(
  url: string,
  path: string,
  token: string,
  { method = 'GET', agent }: { method?: string; agent?: Agent } = {},
): Promise<Answer<Body>> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'User-Agent': 'asker/1.0' };
    const sent = httpRequest({
      hostname,
      port,
      path: `/api/v3${path}`,
      method,
      headers,
      agent: agent ?? false,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers: got } = response;
        const body = (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as Body;
        resolve({ status, headers: got, body });
      });
    });
    sent.end();
  });
}

/** An agent that keeps one socket open from request to request, until the test ends. */
export function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** The websockets in the registry, in the order of their addresses. */
export async function websockets(node: TestNode, query = ''): Promise<Shown[]> {
  const { body } = await ask<Shown[]>(node.url, `/connections?Type=websocket${query}`, await node.token());
  return body;
}

export const counts = ({ headers }: Answer): (string | string[] | undefined)[] => [
  headers['x-drp-list-total-count'],
  headers['x-drp-list-count'],
];

/** A native socket of a user, which the registry knows. `address` is the address that the hub sees. */
export async function dial(
  node: { readonly url: string },
  token: string | undefined,
  path = '/native/ws',
): Promise<TestClient & { readonly address: string }> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  let address = '';
  const client = await connect(`${node.url.replace('http', 'ws')}${path}`, {
    headers: { ...headers, 'User-Agent': 'dialer/1.0' },
    finishRequest: (request) => {
      request.on('socket', (socket) =>
        socket.on('connect', () => (address = `127.0.0.1:${'localPort' in socket ? socket.localPort : 0}`)),
      );
      request.end();
    },
  });
  return Object.assign(client, { address });
}
