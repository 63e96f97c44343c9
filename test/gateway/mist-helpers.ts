import { SignJWT } from 'jose';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import type { NewEvent } from '../../src/model/event.ts';
import { connect, type TestClient } from '../support/client.ts';
import { TEST_SECRET, type TestNode } from '../support/node.ts';

/** A token as Mist signs it, for its cookie. */
export function mistToken(claims: Record<string, unknown> = {}): Promise<string> {
  const user = { user_id: 3, email: 'ada@example.com', role: 'owner' };
  return new SignJWT({ ...user, exp: Math.floor(Date.now() / 1_000) + 600, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(TEST_SECRET));
}

export async function cookie(claims?: Record<string, unknown>): Promise<Record<string, string>> {
  return { Cookie: `theme=dark; mist_token=${await mistToken(claims)}` };
}

export const socketOf = ({ url }: TestNode, path: string): string => `${url.replace('http', 'ws')}${path}`;

/** A user of Mist with an open stream. */
export async function streamOf(
  node: TestNode,
  path: string,
  claims?: Record<string, unknown>,
): Promise<TestClient> {
  return connect(socketOf(node, path), { headers: await cookie(claims) });
}

/** One list of events, published by an admin over HTTP. */
export async function post(node: TestNode, ...events: readonly NewEvent[]): Promise<void> {
  const response = await fetch(`${node.url}/api/v3/events?token=${await node.token()}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(204);
}

/** The refusal of a handshake. */
export function refusalOf(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; type: string | undefined; body: string }> {
  const ws = new WebSocket(url, { headers });
  return new Promise((resolve, reject) => {
    ws.on('error', reject);
    ws.on('open', () => {
      reject(new Error('was not refused'));
      ws.terminate();
    });
    ws.on('unexpected-response', (_request, response) => {
      const { statusCode: status, headers: answered } = response;
      let body = '';
      response.on('data', (data: Buffer) => (body += data.toString()));
      response.on('end', () => resolve({ status, type: answered['content-type'], body }));
    });
  });
}

export const container = (action: string, object: NewEvent['object'], key = '7'): NewEvent => ({
  type: 'container',
  action,
  key,
  object,
});
export const running = (key?: string): NewEvent =>
  container('status', { container: `mist-app-${key ?? 7}`, state: 'running', status: 'Up 2 hours' }, key);
export const deployment = (action: string, object: NewEvent['object'], key = '15'): NewEvent => ({
  type: 'deployment',
  action,
  key,
  object,
});
