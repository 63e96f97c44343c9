import { describe, expect, it } from 'vitest';
import { Closer } from '../../src/gateway/rest/connection-closer.ts';
import { MemoryControl } from '../../src/registry/memory-control.ts';
import type { ControlCommand } from '../../src/registry/control.ts';
import type { ConnectionQuery } from '../../src/registry/connection-query.ts';
import type { ConnectionPage, ConnectionRecord } from '../../src/registry/registry.ts';
import { ManualClock } from '../support/clock.ts';
import { settled } from '../support/connection.ts';
import { TestRegistry } from '../support/registry.ts';

function aRecord(Id: string): ConnectionRecord {
  return {
    Type: 'websocket',
    RemoteAddr: '192.0.2.1:1',
    Principal: 'unknown',
    CreateTime: '2025-01-15T10:30:00.000Z',
    ExpiresAt: null,
    Id,
    Node: 'n2',
    Dialect: 'norn',
    Patterns: [],
    UserAgent: '',
  };
}

/** A registry that holds some connections, and keeps the queries that it was asked. */
class FewRegistry extends TestRegistry {
  readonly asked: ConnectionQuery[] = [];
  left: readonly ConnectionRecord[];

  constructor(left: readonly ConnectionRecord[]) {
    super();
    this.left = left;
  }

  override async list(query?: ConnectionQuery): Promise<ConnectionPage> {
    if (query !== undefined) this.asked.push(query);
    return { records: this.left, total: this.left.length };
  }
}

async function close(count: number) {
  const clock = new ManualClock();
  const controlHandler: ControlCommand[] = [];
  const control = new MemoryControl(clock);
  await control.start((order) => void controlHandler.push(order));
  const records = Array.from({ length: count }, (_, i) => aRecord(`c${i}`));
  const registry = new FewRegistry(records);
  let ended: unknown = 'not yet';
  void new Closer({ registry, control, clock }).close(records).then(
    () => (ended = 'closed'),
    (error: unknown) => (ended = error),
  );
  const pass = async (ms: number): Promise<unknown> => {
    for (let passed = 0; passed < ms; passed += 10) {
      await settled();
      clock.advance(10);
    }
    await settled();
    return ended;
  };
  return { registry, controlHandler, pass };
}

describe('the command to close connections', () => {
  it('is sent again for the connections that are still in the registry, until they are gone', async () => {
    const { registry, controlHandler, pass } = await close(2);
    expect(await pass(10)).toBe('not yet');
    registry.left = registry.left.slice(1);
    expect(await pass(40)).toBe('not yet');
    registry.left = [];
    expect(await pass(100)).toBe('closed');
    expect(controlHandler).toEqual([
      { kind: 'close', by: 'id', values: ['c0', 'c1'] },
      { kind: 'close', by: 'id', values: ['c0', 'c1'] },
      { kind: 'close', by: 'id', values: ['c1'] },
    ]);
    // The query also looks for connections without a known principal.
    expect(registry.asked[0]?.filters.map(({ field }) => field)).toEqual(['Id', 'Principal']);
  });

  it('ends with an error when no node carries it out within five seconds', async () => {
    const { pass } = await close(1);
    expect(await pass(4_900)).toBe('not yet');
    expect(await pass(200)).toMatchObject({ code: 'unavailable' });
  });

  it('names at most 500 connections at once', async () => {
    const { controlHandler, pass } = await close(501);
    await pass(10);
    expect(controlHandler.slice(0, 2).map((order) => order.kind === 'close' && order.values.length)).toEqual([
      500, 1,
    ]);
  });
});
