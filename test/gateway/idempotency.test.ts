import { expect, it } from 'vitest';
import { publish } from '../../src/clients/cli/commands/publish.ts';
import { connect } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { rawRequest } from '../support/raw-http.ts';

const EVENT = JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: 1 });
const ASCII = `k{1}:%20"'`;

it.each([ASCII, 'ключ', '鍵'.repeat(200), 'é😀'])(
  'the idempotency key %s is one key by socket, by HTTP and by the command',
  async (idempotencyKey) => {
    const node = await startNode();
    const token = await node.token();
    const socket = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${token}`);
    socket.send({ id: 1, command: 'publish', events: [JSON.parse(EVENT)], idempotencyKey });
    const { object } = await socket.next();
    const { ids } = object as { ids: string[] };
    const header = Buffer.from(idempotencyKey).toString('latin1');
    const answer = await rawRequest(
      node.url,
      [
        'POST /api/v3/events HTTP/1.1',
        'Host: a',
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        `Content-Length: ${EVENT.length}`,
        `Idempotency-Key: ${header}`,
      ],
      EVENT,
    );
    expect(answer.headers['belfry-event-ids']).toBe(ids.join(','));
    expect(await publish(EVENT, { url: node.url, token, idempotencyKey })).toEqual(ids);
  },
);

it('an idempotency key whose bytes are not UTF-8 is a key too', async () => {
  const node = await startNode();
  const request = [
    'POST /api/v3/events HTTP/1.1',
    'Host: a',
    `Authorization: Bearer ${await node.token()}`,
    'Content-Type: application/json',
    `Content-Length: ${EVENT.length}`,
  ];
  const first = await rawRequest(node.url, [...request, 'Idempotency-Key: \u00e9'], EVENT);
  const second = await rawRequest(node.url, [...request, 'Idempotency-Key: \u00c3\u00a9'], EVENT);
  expect([first.status, second.headers]).toEqual([
    204,
    expect.objectContaining({ 'belfry-event-ids': first.headers['belfry-event-ids'] }),
  ]);
});
