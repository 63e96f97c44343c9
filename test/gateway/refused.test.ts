import { expect, it } from 'vitest';
import { goingAway } from '../../src/gateway/sockets/admission.ts';
import { REFUSED_HANDSHAKES, RefusedHandshakes } from '../../src/telemetry/refused-handshakes.ts';
import { Refusal } from '../../src/dialects/dialect.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { connect, type TestClient } from '../support/client.ts';
import { MetricsPage } from '../support/metrics.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { openLiveStream } from '../support/stream.ts';

const NAME = 'belfry_handshakes_refused_total';

/** The number of refusals by reason. Reasons without refusals are left out. */
async function refusedBy(node: TestNode): Promise<Record<string, number>> {
  const { series } = await MetricsPage.of(node.url);
  const counts = REFUSED_HANDSHAKES.map(
    (reason) => [reason, series.get(`${NAME}{reason="${reason}"}`)] as const,
  );
  expect(counts.filter(([, count]) => count === undefined)).toEqual([]);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as Record<string, number>;
}

function dial(node: TestNode, path: string, headers: Record<string, string> = {}): Promise<TestClient> {
  return connect(`${node.url.replace('http', 'ws')}${path}`, { headers });
}

it('the counter of refused handshakes has every reason from the start', async () => {
  const node = await startNode();
  await dial(node, '/norn/ws');
  expect(await refusedBy(node)).toEqual({});
});

it('a handshake without a socket or a key counts as bad_request, and a request without a handshake does not count', async () => {
  const node = await startNode();
  await expect(dial(node, '/nowhere')).rejects.toThrow('404');
  expect((await fetch(`${node.url}/norn/ws`)).status).toBe(400);
  expect(await refusedBy(node)).toEqual({ bad_request: 1 });
  const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const answer = await rawRequest(node.url, ['GET /norn/ws HTTP/1.1', ...upgrade, 'Sec-WebSocket-Key: x']);
  expect(answer.status).toBe(400);
  expect(await refusedBy(node)).toEqual({ bad_request: 2 });
});

it('a handshake without a token, with a bad token or from another origin counts as not_permitted', async () => {
  const node = await startNode({ BELFRY_ALLOWED_ORIGINS: 'https://here.example' });
  await expect(dial(node, '/api/v3/ws')).rejects.toThrow('401');
  await expect(dial(node, '/native/ws?token=x')).rejects.toThrow('401');
  await expect(dial(node, '/dorgu/ws', { Origin: 'https://there.example' })).rejects.toThrow('403');
  expect(await refusedBy(node)).toEqual({ not_permitted: 3 });
});

it('a handshake over the rate of its address is counted separately from one that finds the node full', async () => {
  const node = await startNode({ BELFRY_HANDSHAKES_PER_MINUTE_PER_ADDRESS: '1' });
  await dial(node, '/norn/ws');
  await expect(dial(node, '/norn/ws')).rejects.toThrow('429');
  expect(await refusedBy(node)).toEqual({ address_rate: 1 });
});

it('a handshake that finds the node full is counted separately from one that finds only reserved places', async () => {
  const node = await startNode({ BELFRY_CONNECTIONS_MAX: '2', BELFRY_CONNECTIONS_RESERVED: '0.5' });
  const token = await node.token();
  await dial(node, '/norn/ws');
  await expect(dial(node, '/norn/ws')).rejects.toThrow('503');
  await dial(node, `/native/ws?token=${token}`);
  await expect(dial(node, `/native/ws?token=${token}`)).rejects.toThrow('503');
  expect(await refusedBy(node)).toEqual({ reserved_share: 1, connections_max: 1 });
});

it('an event stream without a place is counted as a socket is', async () => {
  const node = await startNode({ BELFRY_CONNECTIONS_MAX: '1', BELFRY_CONNECTIONS_RESERVED: '0' });
  await dial(node, '/norn/ws');
  const url = `${node.url}/api/v3/events?token=${await node.token()}`;
  await expect(openLiveStream(url)).rejects.toThrow('1013');
  expect(await refusedBy(node)).toEqual({ connections_max: 1 });
});

it.each([
  ['BELFRY_CONNECTIONS_PER_PRINCIPAL', 'per_principal'],
  ['BELFRY_CONNECTIONS_PER_ADDRESS', 'per_address'],
])(
  'a connection over %s is counted as refused, although its socket opens to say so',
  async (setting, reason) => {
    const node = await startNode({ [setting]: '1' });
    const token = await node.token();
    await dial(node, `/native/ws?token=${token}`);
    const second = await dial(node, `/native/ws?token=${token}`);
    expect((await second.closed).code).toBe(1013);
    expect(await refusedBy(node)).toEqual({ [reason]: 1 });
  },
);

it.each([
  [goingAway(), 'draining'],
  [new BelfryError('unavailable', 'The registry is away.'), 'unavailable'],
  [new Error('a fault of the hub'), 'unavailable'],
  [new Refusal(429, {}, ''), 'sign_in_attempts'],
] as const)('a refusal for %s is counted under its reason', (thrown, reason) => {
  const refused = new RefusedHandshakes();
  refused.count(thrown);
  expect(REFUSED_HANDSHAKES.filter((each) => refused.of(each) > 0)).toEqual([reason]);
});
