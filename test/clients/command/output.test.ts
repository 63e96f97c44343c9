import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseExactly } from '../../../src/clients/cli/exact-json.ts';
import { EVENTS } from '../../../src/clients/cli/event-line.ts';
import { Output, type OutputOptions } from '../../../src/clients/cli/output.ts';
import { tableLines } from '../../../src/clients/cli/table.ts';
import { fit, widthOf } from '../../../src/clients/cli/text-width.ts';
import { toYaml } from '../../../src/clients/cli/yaml.ts';
import type { HubEvent } from '../../../src/clients/sdk/item.ts';
import { startNode } from '../../support/node.ts';
import { runCommand } from '../../support/process.ts';
import { runInTerminal } from '../../support/terminal.ts';

const BIG =
  '{"id":"1-0","time":"2026-01-15T10:30:00Z","type":"a","action":"b","key":"c","object":{"big":9007199254740993}}';
const event = (text: string): HubEvent => ({ ...(JSON.parse(text) as HubEvent), text });

/** What is printed to a terminal of this width, or to a pipe. */
function printed(options: OutputOptions, columns: number | undefined, run: (output: Output) => void): string {
  let text = '';
  const write = (more: string): boolean => ((text += more), true);
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  run(new Output(options, { write, ...terminal }));
  return text;
}

describe('an event is printed', () => {
  it.each([
    ['table', /^2026-01-15T10:30:00Z {2}a\.b\.c {2}- {2}\{"big":9007199254740993\}\n$/],
    ['jsonl', new RegExp(`^${RegExp.escape(BIG)}\n$`)],
    ['json', /^\[\n {2}\{\n {4}"id": "1-0",[\s\S]*"big": 9007199254740993\n {4}\}\n {2}\}\n\]\n$/],
    ['yaml', /^- id: "1-0"\n {2}time: "2026[\s\S]* {2}object:\n {4}big: 9007199254740993\n$/],
  ] as const)('as %s with every digit of its numbers', (output, expected) => {
    const text = printed({ output }, undefined, (out) => out.all([event(BIG)], EVENTS));
    expect(text).toMatch(expected);
  });

  it.each(['json', 'jsonl', 'yaml'] as const)('as %s that a program can read, many and none', (output) => {
    const read = (text: string): unknown =>
      output === 'jsonl'
        ? text
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as unknown)
        : output === 'yaml'
          ? parse(text)
          : JSON.parse(text);
    for (const count of [0, 1, 3]) {
      const events = Array.from({ length: count }, (_, n) => event(BIG.replace('"c"', `"c${n}"`)));
      const text = printed({ output }, undefined, (out) => out.all(events, EVENTS));
      expect(read(text)).toMatchObject(events.map(({ key }) => ({ key })));
    }
  });

  it.each(['table', 'json', 'jsonl', 'yaml'] as const)(
    'as %s without anything that steers a terminal',
    (output) => {
      const hostile = event(
        `{"time":"\\u001b[31m","type":"a\\u001b]0;x\\u0007","action":"b","key":"\u009b2J\u202e","object":"\u009b2J"}`,
      );
      const text = printed({ output, color: false }, 200, (out) => out.all([hostile], EVENTS));
      // oxlint-disable-next-line no-control-regex -- these are what is looked for
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(text).toContain('\\u009b2J');
    },
  );
});

describe('a value as YAML', () => {
  it('is read as the same value, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        expect(parse(toYaml(parseExactly(text)), { version: '1.2' })).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
    );
  });

  it.each([
    'yes',
    'null',
    '~',
    '1e3',
    '0x1',
    '- a',
    'a: b',
    'a #b',
    '',
    ' a',
    'a ',
    '2026-01-15',
    '.inf',
    '<<',
    'a\nb',
  ])('keeps the text %j a text', (text) => {
    for (const version of ['1.1', '1.2'] as const)
      expect(parse(toYaml({ [text]: [text, { [text]: text }] }), { version, merge: false })).toEqual({
        [text]: [text, { [text]: text }],
      });
  });
});

describe('a table', () => {
  it('makes its widest columns narrower until a line fits, and is whole where there is no width', () => {
    const rows = [
      ['NAME', 'TEXT', 'N'],
      ['a'.repeat(30), 'b'.repeat(90), '1'],
    ];
    expect(tableLines(rows, Infinity)[1]).toBe(`${'a'.repeat(30)}  ${'b'.repeat(90)}  1`);
    const lines = tableLines(rows, 60);
    expect(lines[1]).toBe(`${'a'.repeat(26)}…  ${'b'.repeat(27)}…  1`);
    expect(lines.map(widthOf)).toEqual([60, 60]);
    for (const width of [1, 5, 17])
      for (const line of tableLines(rows, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });

  it('counts signs of two columns and signs of none', () => {
    expect([widthOf('日本'), widthOf('e\u0301'), widthOf('👍'), fit('日本語', 5)]).toEqual([
      4,
      1,
      2,
      '日本…',
    ]);
  });
});

/** A node that has heard an event with a long object, and what a command needs to reach it. */
async function longEvent(): Promise<Record<string, string>> {
  const node = await startNode();
  const token = await node.token();
  await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'a', action: 'b', key: 'c', object: { text: 'x'.repeat(300) } }),
  });
  return { BELFRY_URL: node.url, BELFRY_TOKEN: token };
}

const WATCH = ['watch', 'a.*.*', '--since', '0-0', '--count', '1'];

describe('belfry in a terminal', () => {
  it.each([
    [0, 80],
    [undefined, 80],
    [40, 40],
  ])('that says it has %s columns writes lines of at most %i', (columns, width) => {
    let text = '';
    const write = (more: string): boolean => ((text += more), true);
    const size = columns === undefined ? {} : { columns };
    new Output({}, { write, isTTY: true, ...size }).line(['x'.repeat(100)]);
    expect(widthOf(stripVTControlCharacters(text).trimEnd())).toBe(width);
  });

  it.each([80, 200])('fits its lines into %i columns, in color', async (columns) => {
    const env = await longEvent();
    const shown = await runInTerminal(WATCH, columns, env);
    expect(shown).toContain('\u001b[1ma.b.c\u001b[22m');
    const [line = '', ...others] = stripVTControlCharacters(shown).trimEnd().split('\n');
    expect([widthOf(line), line.at(-1), others]).toEqual([columns, '…', []]);
    const table = stripVTControlCharacters(await runInTerminal(['connections', 'list'], columns, env));
    expect(table).toMatch(/^ADDRESS +PRINCIPAL/);
    expect(Math.max(...table.split('\n').map(widthOf))).toBeLessThanOrEqual(columns);
  });

  it.each([
    [{ NO_COLOR: '1' }, []],
    [{}, ['--no-color']],
    [{ TERM: 'dumb' }, []],
  ])('has no colors with the variables %j and the options %j', async (variables, options) => {
    const env = { ...(await longEvent()), ...variables };
    expect(await runInTerminal([...WATCH, ...options], 80, env)).toMatch(/^\S+Z {2}a\.b\.c {2}.*…\n$/);
  });

  it('whose output is a pipe writes whole lines and no control code, whatever the variables say', async () => {
    const env = { ...(await longEvent()), FORCE_COLOR: '1', TERM: 'xterm', COLUMNS: '80' };
    const { lines } = await runCommand(WATCH, env);
    expect(lines).toEqual([expect.stringMatching(/^\S+Z {2}a\.b\.c {2}user:admin {2}\{"text":"x{300}"\}$/)]);
  });
});
