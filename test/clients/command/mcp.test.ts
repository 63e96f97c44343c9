import { describe, expect, inject, it } from 'vitest';
import { runHere } from '../../support/command.ts';
import { Agent, PROTOCOLS } from '../../support/mcp.ts';
import { startNode } from '../../support/node.ts';
import { CommandProcess, startNodeProcess } from '../../support/process.ts';
import { randomPrefix } from '../../support/redis.ts';

async function start() {
  const node = await startNode();
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
  return { node, env };
}

describe('belfry mcp', () => {
  it.each(PROTOCOLS)(
    'lets an agent with nothing else wait for the end of a deploy, and say why somebody did not hear of it (%j)',
    async (mode) => {
      const { node, env } = await start();
      await runHere(['publish', 'deploy.begin.shop', '{}'], env);
      // A dashboard that listens to failures only.
      const dashboard = new CommandProcess(['watch', 'deploy.failed.*'], {
        BELFRY_URL: node.url,
        BELFRY_TOKEN: await node.token('dashboard'),
      });
      await dashboard.line(/connected/, dashboard.errorLines);
      const agent = await Agent.overStdio([], env, mode);
      expect(await agent.tools()).toEqual(['wait_for_events', 'history', 'explain', 'connections']);
      const past = await agent.ask('history', { pattern: 'deploy.*.shop' });
      expect(past.events.map(({ object }) => object)).toEqual([{}]);
      const waiting = agent.ask('wait_for_events', {
        pattern: 'deploy.completed,failed.shop',
        since: past.next,
      });
      await runHere(['publish', 'deploy.step.shop', '{}'], env);
      await runHere(['publish', 'deploy.completed.shop', '{"n":1}'], env);
      const { events } = await waiting;
      expect(events).toEqual([expect.objectContaining({ action: 'completed', object: { n: 1 } })]);
      const { connections } = await agent.ask<{ connections: { Id: string }[] }>('connections', {
        principal: 'user:dashboard',
      });
      const { outcome, why } = await agent.ask<{ outcome: string; why: { detail: string }[] }>('explain', {
        event: events[0]?.id,
        connection: connections[0]?.Id,
      });
      expect([outcome, why.at(-1)?.detail]).toEqual(['not_subscribed', 'none of deploy.failed.*']);
    },
  );

  it('lets the agent publish only with --publish, and never more than the credentials permit', async () => {
    const { node, env } = await start();
    const event = { type: 'deploy', action: 'approve', key: 'shop', object: { by: 'agent' } };
    const reader = await Agent.overStdio([], env);
    expect((await reader.call('publish', event)).isError).toBe(true);
    const publisher = await Agent.overStdio(['--publish'], env);
    expect(await publisher.tools()).toContain('publish');
    const { id } = await publisher.ask<{ id: string }>('publish', event);
    expect((await reader.ask('history', { pattern: 'deploy.*.*' })).events).toEqual([
      expect.objectContaining({ id }),
    ]);
    const token = await node.token('ci', { subscribe: ['deploy.*.*'], publish: ['jobs.*.*'], roles: [] });
    const limited = await Agent.overStdio(['--publish'], { ...env, BELFRY_TOKEN: token });
    expect((await limited.call('publish', event)).text).toMatch(/^forbidden: /);
  });

  it('ends the call of an agent that cancels it, and goes on with others', async () => {
    const { node, env } = await start();
    const agent = await Agent.overStdio([], env);
    const controller = new AbortController();
    const waiting = agent.call('wait_for_events', { pattern: 'a.*.*' }, { signal: controller.signal });
    await expect.poll(() => node.hub.connections.size).toBe(1);
    controller.abort('enough');
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => node.hub.connections.size).toBe(0);
    expect((await agent.ask('history')).events).toEqual([]);
  });

  it('says what is wrong where no hub answers, and with a token that is not accepted', async () => {
    const initialize = `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}\n`;
    const answerTo = async (env: Record<string, string>, line = initialize) => {
      const bridge = new CommandProcess(['mcp'], env);
      bridge.child.stdin?.write(line);
      return JSON.parse(await bridge.line(/./)) as { id: unknown; error: { message: string } };
    };
    const away = await answerTo({ BELFRY_URL: 'ws://127.0.0.1:1', BELFRY_TOKEN: 'x' });
    expect([away.id, away.error.message]).toEqual([
      7,
      expect.stringContaining('Expected a running hub there'),
    ]);
    const { env } = await start();
    const refused = await answerTo({ ...env, BELFRY_TOKEN: 'wrong' });
    expect(refused.error.message).toMatch(/token.*See http:.*errors#token_invalid$/);
    expect(await answerTo(env, 'hello\n')).toMatchObject({ id: null, error: { code: -32_700 } });
  });

  it('misses nothing when its node is killed while it waits, and starts again', async () => {
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
    const other = await startNode(settings);
    const token = await other.token();
    const killed = await startNodeProcess(settings);
    const { port, host } = new URL(killed.url);
    const agent = await Agent.overStdio([], { BELFRY_URL: killed.url, BELFRY_TOKEN: token });
    const { next: since } = await agent.ask('history');
    const waiting = agent.ask('wait_for_events', { pattern: 'deploy.*.shop', since });
    const headers = { Authorization: `Bearer ${token}` };
    const waits = async () =>
      (await fetch(`${other.url}/api/v3/connections?Type=stream`, { headers })).json();
    await expect.poll(waits).toHaveLength(1);
    killed.child.kill('SIGKILL');
    await expect(waiting).rejects.toThrow(
      /The connection to the hub broke: .* wait_for_events with the same since/,
    );
    await runHere(['publish', 'deploy.completed.shop', '1'], { BELFRY_URL: other.url, BELFRY_TOKEN: token });
    await expect(agent.ask('history')).rejects.toThrow(`The hub at ${host} cannot be reached`);
    await startNode({ ...settings, BELFRY_LISTEN: `127.0.0.1:${port}=drp` });
    expect((await agent.ask('wait_for_events', { pattern: 'deploy.*.shop', since })).events).toEqual([
      expect.objectContaining({ action: 'completed' }),
    ]);
  });

  it('ends with its input', async () => {
    const { env } = await start();
    const bridge = new CommandProcess(['mcp'], env);
    bridge.child.stdin?.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    await bridge.line(/"id":1/);
    bridge.child.stdin?.end();
    expect(await bridge.exited).toEqual({ code: 0, signal: null });
    expect(bridge.errorLines).toEqual([]);
  });
});
