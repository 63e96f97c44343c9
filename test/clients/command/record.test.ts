import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';

async function start(settings: Record<string, string> = {}) {
  const node = await startNode(settings);
  const env = { BELFRY_URL: node.url, BELFRY_TOKEN: await node.token() };
  const folder = mkdtempSync(join(tmpdir(), `belfry-${randomUUID()}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'record.jsonl');
  const run = (...args: string[]) => runHere(args, env);
  const keys = async (): Promise<string[]> =>
    (await run('history', 'a.*.*', '-o', 'jsonl')).lines.map(
      (line) => (JSON.parse(line) as { key: string }).key,
    );
  return { run, file, keys, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

describe('belfry record', () => {
  it('writes events as they came, and says how many', async () => {
    const { run, file, lines } = await start();
    const [id = ''] = (await run('publish', 'a.b.c', '{"n":12345678901234567890}')).lines;
    const ran = await run('record', file, 'a.*.*', '--since', '0-0', '--count', '1', '-o', 'jsonl');
    expect([ran.code, ran.lines]).toEqual([0, [JSON.stringify({ file, events: 1, gaps: 0, last: id })]]);
    expect(lines()).toEqual([expect.stringContaining('"object":{"n":12345678901234567890}')]);
  });

  it('does not write over a file, and goes on after its last whole line when it may append', async () => {
    const { run, file, lines } = await start();
    await run('publish', 'a.b.1', '1');
    await run('record', file, 'a.*.*', '--since', '0-0', '--count', '1');
    await run('publish', 'a.b.2', '2');
    appendFileSync(file, '{"id":"99');
    expect((await run('record', file, 'a.*.*')).code).toBe(2);
    expect((await run('record', file, 'a.*.*', '--append', '--count', '1')).code).toBe(0);
    expect(lines().map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(['1', '2']);
  });

  it('writes a line where events are missing, and ends with 5', async () => {
    const { run, file, lines } = await start();
    await run('publish', 'a.b.c', '1');
    const ran = await run('record', file, 'a.*.*', '--since', '5-0', '--count', '1');
    expect([ran.code, JSON.parse(lines()[0] ?? '')]).toEqual([
      5,
      { gap: expect.objectContaining({ from: '5-0' }) as unknown },
    ]);
    expect((await run('replay', file, '--speed', 'max')).errorLines).toEqual([
      'belfry: line 1: the record has a gap there',
    ]);
  });
});

describe('belfry replay', () => {
  it('publishes the events of a record once, however often it is repeated, and anew under another name', async () => {
    const { run, file, keys } = await start();
    for (const n of ['1', '2', '3']) await run('publish', `a.b.${n}`, `{"n":${n}.0}`);
    await run('record', file, 'a.*.*', '--since', '0-0', '--count', '3');
    for (const args of [[], [], ['--run', 'again']]) {
      const ran = await run('replay', file, '--speed', 'max', '-o', 'jsonl', ...args);
      expect([ran.code, JSON.parse(ran.lines[0] ?? '')]).toEqual([0, expect.objectContaining({ events: 3 })]);
    }
    expect(await keys()).toEqual(['1', '2', '3', '1', '2', '3', '1', '2', '3']);
    const { lines } = await run('history', 'a.*.3', '-o', 'jsonl');
    expect(lines.at(-1)).toContain('"object":{"n":3.0}');
  });

  it('keeps the pauses of the record, which --speed shortens', async () => {
    const { run, file } = await start();
    const at = (ms: number): string => new Date(1_768_473_000_000 + ms).toISOString();
    const event = { type: 'a', action: 'b', key: 'c', object: 1 };
    writeFileSync(file, [0, 40_000].map((ms) => `${JSON.stringify({ ...event, time: at(ms) })}\n`).join(''));
    const startedAt = performance.now();
    expect((await run('replay', file, '--speed', '100')).code).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThan(395);
  });

  it('publishes with the times of the record when it is told to, and only what a pattern matches', async () => {
    const { run, file } = await start();
    const time = '2026-01-15T10:30:00Z';
    const event = { time, type: 'a', action: 'b', key: 'c', object: 1 };
    writeFileSync(file, `${JSON.stringify(event)}\n\n${JSON.stringify({ ...event, type: 'x' })}\n`);
    await run('replay', file, 'a.*.*', '--keep-time', '--speed', 'max');
    const { lines } = await run('history', '*.b.*', '-o', 'jsonl');
    expect(lines.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual([time]);
  });

  it.each([
    ['{"type":"a","action":"b"}', 'Line 2 of'],
    ['[]', 'Line 2 of'],
    ['nonsense', 'Line 2 of'],
  ])('ends with 2 at the line %j, and says which one it is', async (line, says) => {
    const { run, file, keys } = await start();
    writeFileSync(file, `{"type":"a","action":"b","key":"1","object":1}\n${line}\n`);
    const ran = await run('replay', file);
    expect([ran.code, ran.errorLines[0]]).toEqual([2, expect.stringContaining(says)]);
    expect(await keys()).toEqual(['1']);
  });

  it('ends with 2 when the file cannot be read, and when the speed is none', async () => {
    const { run, file } = await start();
    expect((await run('replay', `${file}.none`)).errorLines[0]).toMatch(/cannot be read: .*ENOENT/);
    expect((await run('replay', file, '--speed', '-1')).code).toBe(2);
  });
});
