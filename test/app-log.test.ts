import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { readable } from '../src/app-log.ts';

describe('a line of the log at a terminal', () => {
  it('has the time, the level, the message and the fields, and nothing twice', () => {
    const lines: string[] = [];
    const log = pino({ base: { node: 'a' } }, { write: (line: string) => void lines.push(readable(line)) });
    log.warn({ reason: 'gone', count: 2 }, 'the connection is lost');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn  the connection is lost {2}reason=gone {2}count=2\n$/);
  });

  it('shows where a fault came from', () => {
    const lines: string[] = [];
    const log = pino({ base: {} }, { write: (line: string) => void lines.push(readable(line)) });
    log.error({ err: new Error('why') }, 'failed');
    expect(lines[0]).toMatch(/error failed\n {2}Error: why\n[\s\S]*app-log\.test/);
  });
});
