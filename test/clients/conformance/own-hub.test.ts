import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Result } from '../../../src/clients/conformance/outcome.ts';
import { runHere } from '../../support/command.ts';
import { TEST_SECRET } from '../../support/node.ts';
import { startNodeProcess } from '../../support/process.ts';
import { randomPrefix } from '../../support/redis.ts';

const ORIGIN = 'https://norn.example.com';

function secretFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, `${TEST_SECRET}\n`);
  return file;
}

async function conformance(url: string, ...more: readonly string[]) {
  const secret = secretFile();
  const { code, lines, errorLines } = await runHere([
    'conformance',
    url,
    '--secret-file',
    secret,
    '--origin',
    ORIGIN,
    '--patience',
    '10s',
    '-o',
    'jsonl',
    ...more,
  ]);
  return { code, errorLines, results: lines.map((line) => JSON.parse(line) as Result) };
}

const named = ({ dialect, check, detail = '' }: Result): string => `${dialect}.${check}: ${detail}`;

describe('a hub in a process of its own', () => {
  it.each(['memory', 'redis'])(
    'passes every check that waits for no timeout, limits included, with the broker %s',
    async (broker) => {
      const shared = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
      const hub = await startNodeProcess({
        BELFRY_LISTEN: '127.0.0.1:0=native',
        BELFRY_CONSOLE: 'off',
        NORN_ALLOWED_ORIGINS: ORIGIN,
        ...(broker === 'redis' && shared),
      });
      const { code, errorLines, results } = await conformance(hub.url, '--limits', '--quick');
      expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
      const skipped = results.filter(({ state }) => state === 'skipped');
      expect(skipped.map(({ detail }) => detail)).toEqual(
        skipped.map(() => 'it waits for a timeout of the document, and --quick was given'),
      );
      expect([skipped.length, results.length > 200, code, errorLines]).toEqual([9, true, 0, []]);
      expect(new Set(results.map(named)).size).toBe(results.length);
    },
    120_000,
  );

  it('is checked at the socket that the URL names, and what needs a flag or a way to publish is skipped with the reason', async () => {
    const hub = await startNodeProcess({ BELFRY_LISTEN: '127.0.0.1:0=dorgu', BELFRY_CONSOLE: 'off' });
    const { lines, code } = await runHere([
      'conformance',
      `${hub.url}/ws`,
      '-d',
      'dorgu',
      '--quick',
      '-o',
      'jsonl',
    ]);
    const results = lines.map((line) => JSON.parse(line) as Result);
    expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(code).toBe(0);
    expect(results.find(({ check }) => check === 'opens-without-credentials')?.state).toBe('passed');
    expect(results.find(({ check }) => check === 'event-cluster-added')).toMatchObject({
      state: 'skipped',
      detail: expect.stringMatching(/^no event could be published: POST .* answered 401/) as string,
    });
  });

  it('is not asked for dialects that it does not serve, unless they are named', async () => {
    const hub = await startNodeProcess({
      BELFRY_DIALECTS: 'native,norn',
      BELFRY_LISTEN: '127.0.0.1:0=norn',
      BELFRY_CONSOLE: 'off',
    });
    const quick = ['--quick', '--check', 'opens-'];
    const found = await conformance(hub.url, ...quick);
    expect(found.results.map(({ dialect, state }) => `${dialect} ${state}`)).toEqual([
      'norn passed',
      'dorgu skipped',
      'dorgu skipped',
    ]);
    expect([found.code, found.results.at(-1)?.detail]).toEqual([
      0,
      expect.stringContaining('it is not served here'),
    ]);
    const asked = await conformance(
      hub.url,
      ...quick,
      '--dialect',
      'provisioning',
      '--check',
      'token-in-url',
    );
    expect([asked.code, asked.results[0]?.state]).toEqual([1, 'failed']);
  });
});

describe('what the command prints', () => {
  it('is a report for people beside the file for a program', async () => {
    const hub = await startNodeProcess({ BELFRY_LISTEN: '127.0.0.1:0=norn', BELFRY_CONSOLE: 'off' });
    const file = secretFile();
    const only = ['--dialect', 'norn', '--check', 'norn.o*', '--file', file, '--output', 'json'];
    const { code, lines, errorLines } = await runHere(['conformance', hub.url, ...only]);
    expect([code, errorLines]).toEqual([0, [`belfry: the report is in ${file}`]]);
    expect(lines[0]).toMatch(/^norn {2}\d passed, 0 failed, 3 skipped$/);
    expect(lines).toContain(
      '          because no origin was named that the settings of the server allow: --origin',
    );
    const results = JSON.parse(readFileSync(file, 'utf8')) as Result[];
    expect(results.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['opens-without-credentials', 'origin-foreign']),
    );
  });

  it('lists the checks without running any', async () => {
    const { code, lines } = await runHere([
      'conformance',
      'http://127.0.0.1:9',
      '--list',
      '-d',
      'drp',
      '-o',
      'jsonl',
    ]);
    const listed = lines.map((line) => JSON.parse(line) as Result);
    expect([code, listed.length > 30, new Set(listed.map(({ dialect }) => dialect))]).toEqual([
      0,
      true,
      new Set(['drp']),
    ]);
    expect(listed.every(({ says, place }) => says.endsWith('.') && place.startsWith('DRP, '))).toBe(true);
  });

  it.each([
    [['http://127.0.0.1:9'], 3, 'No server answers at http://127.0.0.1:9.'],
    [
      ['http://127.0.0.1:9', '--dialect', 'smoke'],
      2,
      'There is no dialect "smoke". Expected one of native, drp',
    ],
    [['http://127.0.0.1:9', '--publish', 'ftp://x'], 2, '"ftp://x" is no place to publish to.'],
    [['http://127.0.0.1:9', '--secret-file', '/nowhere'], 2, 'The secret could not be read'],
    [['--list', '-o', 'junit'], 2, 'A list of checks is no report.'],
  ])('is an error with a code of its own for %j', async (args, code, message) => {
    const ran = await runHere(['conformance', ...args]);
    expect([ran.code, ran.errorLines[0]]).toEqual([code, expect.stringContaining(message)]);
  });
});
