import { describe, expect, it } from 'vitest';
import { nativeClient } from '../../support/client.ts';
import { Agent, PROTOCOLS } from '../../support/mcp.ts';
import { MetricsPage } from '../../support/metrics.ts';
import { startNode, type TestNode } from '../../support/node.ts';

const deploy = { type: 'deploy', action: 'completed', key: 'shop', object: { ok: true } };

async function publish(node: TestNode, event: object = deploy): Promise<string> {
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(event),
  });
  return response.headers.get('belfry-event-ids') ?? '';
}

async function start(settings: Record<string, string> = {}) {
  const node = await startNode(settings);
  return { node, agent: await Agent.overHttp(node.url, await node.token()) };
}

/** Resolves once an agent waits. */
async function someoneWaits(node: TestNode): Promise<void> {
  await expect
    .poll(() => [...node.hub.connections].some(({ cohort }) => cohort?.encoding.name === 'native agent'))
    .toBe(true);
}

describe('an agent over HTTP', () => {
  it.each(PROTOCOLS)(
    'is told of the tools in the version %j, and of publish only where it is allowed',
    async (mode) => {
      const node = await startNode();
      const token = await node.token();
      const agent = await Agent.overHttp(node.url, token, { mode });
      const read = ['wait_for_events', 'history', 'explain', 'connections'];
      expect(await agent.tools()).toEqual(read);
      const publisher = await Agent.overHttp(node.url, token, { mode, query: '?publish=true' });
      expect(await publisher.tools()).toEqual([...read, 'publish']);
      expect(agent.client.getInstructions()).toContain('wait_for_events');
    },
  );

  it.each(PROTOCOLS)('waits for an event in the version %j', async (mode) => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token(), { mode });
    const waiting = agent.ask('wait_for_events', { pattern: 'deploy.*.shop' });
    await someoneWaits(node);
    const id = await publish(node);
    expect(await waiting).toEqual({
      events: [expect.objectContaining({ ...deploy, id })],
      next: id,
      more: false,
    });
    expect(node.hub.connections.size).toBe(0);
  });

  it('misses nothing and hears nothing twice between two waits, also across a timeout', async () => {
    const { node, agent } = await start();
    const wait = (since: string, more = {}) =>
      agent.ask('wait_for_events', { pattern: 'deploy.*.*', since, timeout: 0.05, ...more });
    const { next: begin } = await agent.ask('history', {});
    for (const key of ['a', 'b', 'c']) await publish(node, { ...deploy, key });
    await publish(node, { ...deploy, type: 'other' });
    const first = await wait(begin, { limit: 2 });
    expect([first.events.map(({ key }) => key), first.more]).toEqual([['a', 'b'], true]);
    const second = await wait(first.next);
    expect([second.events.map(({ key }) => key), second.more]).toEqual([['c'], false]);
    const third = await wait(second.next);
    expect(third).toMatchObject({ events: [], timedOut: true, more: false });
    await publish(node, { ...deploy, key: 'd' });
    expect((await wait(third.next)).events.map(({ key }) => key)).toEqual(['d']);
  });

  it('hears an event that is in no log while it waits', async () => {
    const { node, agent } = await start();
    const waiting = agent.ask('wait_for_events', { pattern: '*.*.*' });
    await someoneWaits(node);
    node.hub.delivery.deliver({ ...deploy, time: '2026-01-15T10:30:00Z' } as never);
    expect((await waiting).events).toEqual([expect.objectContaining({ key: 'shop' })]);
  });

  it.each(PROTOCOLS)('is told in the version %j that its wait goes on', async (mode) => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token(), { mode });
    const told: unknown[] = [];
    const given = { pattern: '*.*.*', timeout: 0.4 };
    await agent.call('wait_for_events', given, { onprogress: (progress) => void told.push(progress) });
    expect(told).toEqual([{ progress: 0, total: 0, message: 'No event has matched so far.' }]);
  });

  it('stops waiting when it cancels', async () => {
    const [, mode] = PROTOCOLS;
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token(), { mode });
    const controller = new AbortController();
    const waiting = agent.call('wait_for_events', { pattern: '*.*.*' }, { signal: controller.signal });
    await someoneWaits(node);
    controller.abort('enough');
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => node.hub.connections.size).toBe(0);
    const page = await MetricsPage.of(node.url);
    expect(page.get('belfry_mcp_calls_total{tool="wait_for_events",outcome="cancelled"}')).toBe(1);
  });

  it('hears who comes and goes only if the pattern names that, and so not itself', async () => {
    const { node, agent } = await start();
    const wait = (pattern: string) =>
      agent.ask('wait_for_events', { pattern, since: '2020-01-01T00:00:00Z', timeout: 0.05 });
    await nativeClient(node.url, await node.token('dashboard'), ['a.*.*']);
    expect(await wait('*.*.*')).toMatchObject({ events: [], timedOut: true });
    expect((await agent.ask('history')).events).toEqual([]);
    expect((await wait('presence.*.*')).events.map(({ key }) => key)).toContain('user:dashboard');
  });

  it('reads the past in pages that go on in both directions', async () => {
    const { node, agent } = await start();
    for (let n = 0; n < 5; n++)
      await publish(node, { ...deploy, key: `${n}`, object: { text: `number ${n}` } });
    const keys = async (given: object) =>
      (await agent.ask('history', { ...given })).events.map(({ key }) => key);
    const latest = await agent.ask('history', { pattern: 'deploy.*.*', limit: 2 });
    expect(latest.events.map(({ key }) => key)).toEqual(['3', '4']);
    expect(await keys({ pattern: 'deploy.*.*', limit: 2, until: latest.earlier })).toEqual(['1', '2']);
    const first = await agent.ask('history', {
      pattern: 'deploy.*.*',
      since: '2020-01-01T00:00:00Z',
      limit: 3,
    });
    expect([first.events.map(({ key }) => key), first.more]).toEqual([['0', '1', '2'], true]);
    expect(await keys({ pattern: 'deploy.*.*', since: first.next })).toEqual(['3', '4']);
    expect(await keys({ search: 'NUMBER 4' })).toEqual(['4']);
    expect(await keys({ filters: { 'object.text': 'number 2' } })).toEqual(['2']);
  });

  it('gets as many events as fit into an answer, and of one that is too large only the beginning', async () => {
    const { node, agent } = await start();
    const { next } = await agent.ask('history', {});
    const big = { ...deploy, object: { text: 'x'.repeat(30_000) } };
    for (let n = 0; n < 3; n++) await publish(node, { ...big, key: `${n}` });
    await publish(node, { ...deploy, key: 'huge', object: 'y'.repeat(100_000) });
    const heard: string[] = [];
    for (let [since, more] = [next, true]; more;) {
      const { text } = await agent.call('wait_for_events', { pattern: 'deploy.*.*', since });
      expect(text.length).toBeLessThan(70_000);
      const page = JSON.parse(text) as {
        next: string;
        more: boolean;
        events: { key: string; tooLarge?: { bytes: number } }[];
      };
      heard.push(...page.events.map(({ key, tooLarge }) => `${key}${tooLarge === undefined ? '' : ' cut'}`));
      ({ next: since, more } = page);
    }
    expect(heard).toEqual(['0', '1', '2', 'huge cut']);
    const { events, earlier } = await agent.ask('history', { pattern: 'deploy.*.0,1,2' });
    expect([events.map(({ key }) => key), earlier]).toEqual([['1', '2'], expect.any(String)]);
  });

  it('learns why a client did not hear an event', async () => {
    const { node, agent } = await start();
    await nativeClient(node.url, await node.token('dashboard'), ['deploy.*.*'], {
      filters: { 'object.ok': false },
    });
    await publish(node);
    const { events } = await agent.ask('history', { pattern: 'deploy.*.shop' });
    const { connections } = await agent.ask<{
      connections: { Id: string; Principal: string; Deliveries: object }[];
    }>('connections', { principal: 'user:dashboard' });
    expect(connections).toEqual([
      expect.objectContaining({ Principal: 'user:dashboard', Deliveries: expect.any(Object) as object }),
    ]);
    const explained = await agent.ask<{ outcome: string; why: { detail: string }[] }>('explain', {
      event: events[0]?.id,
      connection: connections[0]?.Id,
    });
    expect([explained.outcome, explained.why.at(-1)?.detail]).toEqual(['filtered', 'object.ok=[false]']);
    expect(await agent.ask('explain', { topic: 'deploy.completed.shop' })).toMatchObject({ total: 1 });
  });

  it('keeps every digit of the numbers that it publishes and reads', async () => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token(), { query: '?publish=true' });
    const headers = {
      Authorization: `Bearer ${await node.token()}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    };
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"publish","arguments":{"type":"a","action":"b","key":"c","object":{"n":9007199254740993,"f":1.10}}}}`;
    const response = await fetch(`${node.url}/mcp?publish=true`, { method: 'POST', headers, body: call });
    expect(await response.text()).toMatch(/id[^a-z]+\d+-\d+/);
    expect((await agent.call('history', { pattern: 'a.b.c' })).text).toContain(
      '"n":9007199254740993,"f":1.10',
    );
  });

  it('publishes once under one key', async () => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token('ada'), { query: '?publish=true' });
    const event = { type: 'deploy', action: 'approve', key: 'shop', idempotencyKey: 'once' };
    const { id } = await agent.ask<{ id: string }>('publish', event);
    expect(await agent.ask('publish', event)).toEqual({ id });
    expect((await agent.ask('history', { pattern: 'deploy.approve.*' })).events).toEqual([
      expect.objectContaining({ id, principal: 'user:ada', object: null }),
    ]);
  });
});

describe('an agent has the rights of its token and no others', () => {
  const few = { subscribe: ['deploy.*.*'], publish: ['deploy.approve.*'], roles: [] };

  it.each([
    ['wait_for_events', { pattern: 'jobs.*.*' }, 'forbidden: '],
    ['history', { pattern: 'jobs.*.*' }, 'forbidden: '],
    ['explain', { topic: 'deploy.a.b' }, 'Expected the role admin. See /docs/reference/errors#forbidden.'],
    ['publish', { type: 'deploy', action: 'begin', key: 'shop' }, 'forbidden: '],
  ])('%s is refused', async (name, given, says) => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token('ci', few), { query: '?publish=true' });
    const { text, isError } = await agent.call(name, given);
    expect([isError, text]).toEqual([true, expect.stringContaining(says)]);
  });

  it('hears and lists only what it may', async () => {
    const node = await startNode();
    const agent = await Agent.overHttp(node.url, await node.token('ci', few));
    await publish(node);
    await publish(node, { ...deploy, type: 'jobs' });
    expect((await agent.ask('history')).events.map(({ key }) => key)).toEqual(['shop']);
    expect(await agent.ask('connections')).toEqual({ connections: [], total: 0 });
  });

  it('publish is refused where whoever set up the agent did not allow it', async () => {
    const { agent } = await start();
    const { text, isError } = await agent.call('publish', { type: 'a', action: 'b', key: 'c' });
    expect([isError, text]).toEqual([true, expect.stringContaining('belfry mcp --publish')]);
  });
});

describe('a call that cannot be carried out says what was expected', () => {
  it.each([
    [
      'history',
      { limit: 1_000 },
      'Too big: expected number to be <=100 at limit. Expected what tools/list describes. See /docs',
    ],
    ['history', { patern: '*.*.*' }, 'parameter_invalid: '],
    ['history', { pattern: 'deploy' }, 'pattern_invalid: '],
    ['history', { since: 'yesterday' }, 'cursor_invalid: '],
    [
      'wait_for_events',
      {},
      'parameter_invalid: The arguments of wait_for_events cannot be used: Invalid input: expected string',
    ],
    ['wait_for_events', { pattern: '*.*.*', timeout: 3_600 }, 'parameter_invalid: '],
    ['wait_for_events', { pattern: '*.*.*', filters: { nothing: 1 } }, 'filter_invalid: '],
    ['explain', {}, 'Expected either event or topic'],
    ['explain', { event: 'the last one' }, 'cursor_invalid: '],
    ['explain', { event: '1-1' }, 'not_found: '],
    ['explain', { topic: 'deploy.*.shop' }, 'pattern_invalid: '],
    ['connections', { limit: 0 }, 'parameter_invalid: '],
    ['drop_events', {}, 'Expected one of wait_for_events, history, explain, connections, publish'],
  ])('%s %j', async (name, given, says) => {
    const { agent } = await start();
    const { text, isError } = await agent.call(name, given);
    expect([isError, text]).toEqual([true, expect.stringContaining(says)]);
  });
});

describe('/mcp', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };

  async function ask(node: TestNode, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${node.url}/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await node.token()}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'speaks the version %s',
    async (protocolVersion) => {
      const node = await startNode();
      const response = await ask(node, { ...initialize, params: { ...initialize.params, protocolVersion } });
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining(`"protocolVersion":"${protocolVersion}"`),
      ]);
    },
  );

  it('asks for a token', async () => {
    const node = await startNode();
    const response = await fetch(`${node.url}/mcp`, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="belfry"',
    ]);
    expect((await ask(node, initialize, { Authorization: 'Bearer wrong' })).status).toBe(403);
  });

  it.each([
    ['text that is no JSON', '{', 400],
    ['JSON that is no message', '{"a":1}', 400],
    ['too many messages', JSON.stringify(Array.from({ length: 17 }, () => initialize)), 400],
    ['a type that is not JSON', initialize, 400, 'text/plain'],
  ])('refuses %s, and counts it', async (_what, body, status, type = 'application/json') => {
    const node = await startNode();
    const response = await ask(node, body, { 'Content-Type': type });
    expect(response.status).toBe(status);
    const page = await MetricsPage.of(node.url);
    const rejected = [...page.series].filter(([name]) => /^belfry_rejected_total.*(mcp|http)/.test(name));
    expect(rejected.map(([, count]) => count)).toEqual([1]);
  });

  it('answers no other method, and a page of another origin only as the settings say', async () => {
    const node = await startNode({ BELFRY_ALLOWED_ORIGINS: 'https://agents.example.com' });
    const got = await fetch(`${node.url}/mcp`, { headers: { Accept: 'text/event-stream' } });
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    const foreign = await ask(node, initialize, { Origin: 'https://evil.example.com' });
    expect([foreign.status, await foreign.text()]).toEqual([
      403,
      expect.stringContaining('origin_forbidden'),
    ]);
    const own = await ask(node, initialize, { Origin: 'https://agents.example.com' });
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([
      200,
      'https://agents.example.com',
    ]);
  });

  it('is not there where the settings turn it off', async () => {
    const node = await startNode({ BELFRY_MCP: 'off' });
    expect((await ask(node, initialize)).status).toBe(404);
  });

  it('counts each call by its outcome, and a wait as one connection of the hub', async () => {
    const { node, agent } = await start({ BELFRY_CONNECTIONS_MAX: '1' });
    const waiting = agent.ask('wait_for_events', { pattern: 'deploy.*.*' });
    await someoneWaits(node);
    const other = await Agent.overHttp(node.url, await node.token());
    const { text } = await other.call('wait_for_events', { pattern: 'deploy.*.*' });
    expect(text).toContain('limit_reached: ');
    await publish(node);
    await waiting;
    const page = await MetricsPage.of(node.url);
    const calls = [...page.series].filter(([name]) => name.startsWith('belfry_mcp_calls_total'));
    expect(Object.fromEntries(calls)).toEqual({
      'belfry_mcp_calls_total{tool="wait_for_events",outcome="answered"}': 1,
      'belfry_mcp_calls_total{tool="wait_for_events",outcome="refused"}': 1,
    });
    expect(page.get('belfry_handshakes_refused_total{reason="connections_max"}')).toBe(1);
  });

  it('ends a wait early when the node goes away, with the position to go on from', async () => {
    const { node, agent } = await start();
    const waiting = agent.ask('wait_for_events', { pattern: 'deploy.*.*' });
    await someoneWaits(node);
    void node.stop();
    const { next, closed } = await waiting;
    expect([next, closed]).toEqual([
      expect.any(String),
      expect.stringContaining('Call again with this "next".'),
    ]);
  });
});
