import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  FramedLogReader,
  TerminalLogReader,
  type LogLine,
  type LogReader,
} from '../../../src/sources/docker/log-reader.ts';
import { recorded } from '../../support/docker-engine.ts';

const LATER = '2100-01-01T00:00:00.000000000Z';
const AT = '2026-01-15T10:30:00.000000001Z';
const NEXT = '2026-01-15T10:30:00.000000002Z';
const framed = gunzipSync(recorded('framed.log.gz'));
const terminal = gunzipSync(recorded('terminal.log.gz'));

/** The lines of the recorded container, which was started twice, without those of its errors. */
const output = [
  '\u001b[32mgreen\u001b[0m',
  'x'.repeat(17_000),
  `x${'é'.repeat(9_000)}`,
  'café',
  '',
  'prompt$ ',
];

function read(reader: LogReader, bytes: Buffer, step = bytes.length): LogLine[] {
  const lines: LogLine[] = [];
  for (let from = 0; from < bytes.length; from += step)
    lines.push(...reader.push(Buffer.from(bytes.subarray(from, from + step))));
  return [...lines, ...reader.end()];
}

function frame(text: string, stream = 1): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const textsOf = (lines: readonly LogLine[], stream: string): string[] =>
  lines.filter((line) => line.stream === stream).map(({ text }) => text);

describe('the recorded log of a container without a terminal', () => {
  it.each([1, 7, 8, 4_096, 1e9])('has the same lines in chunks of %d bytes', (step) => {
    const lines = read(new FramedLogReader(), framed, step);
    expect(textsOf(lines, 'stdout')).toEqual([...output, ...output]);
    expect(textsOf(lines, 'stderr')).toEqual(['oops', 'oops']);
  });
});

describe('the recorded log of a container with a terminal', () => {
  it.each([1, 7, 4_096, 1e9])('has the same lines in chunks of %d bytes', (step) => {
    const lines = read(new TerminalLogReader(() => LATER), terminal, step);
    const [green = '', ...others] = output;
    const once = [green, 'oops', ...others];
    expect(textsOf(lines, 'stdout')).toEqual([...once, ...once]);
  });

  it('keeps a time that the container itself has printed', () => {
    const line = `${NEXT} done at ${AT} and again at ${LATER} \r\n`;
    const now = '2026-01-15T11:00:00.000000000Z';
    expect(read(new TerminalLogReader(() => now), Buffer.from(line))).toEqual([
      { stream: 'stdout', at: NEXT, text: `done at ${AT} and again at ${LATER} ` },
    ]);
  });
});

describe('a line of a log', () => {
  it('of 1 MB is whole', () => {
    const parts = Array.from({ length: 50 }, () => frame(`${AT} ${'y'.repeat(20_000 - 1)}`));
    const [line] = read(new FramedLogReader(), Buffer.concat([...parts, frame(`${AT} ${'z'.repeat(49)}\n`)]));
    expect(line?.text).toHaveLength(50 * 19_999 + 49);
    expect(line?.cutBytes).toBeUndefined();
  });

  it('that is longer is cut before a character, and says how many bytes are missing', () => {
    const [line] = read(new FramedLogReader(), frame(`${AT} a${'é'.repeat(600_000)}\n`));
    expect(line?.text).toMatch(/^aé{499990,499999}$/);
    expect(line?.cutBytes).toBe(1_200_001 - Buffer.byteLength(line?.text ?? ''));
  });

  it('of characters that JSON escapes fits into an event', () => {
    const [line] = read(new FramedLogReader(), frame(`${AT} ${'\u001b'.repeat(900_000)}\n`));
    expect(Buffer.byteLength(JSON.stringify(line?.text))).toBeLessThanOrEqual(1_000_002);
    expect((line?.text.length ?? 0) + (line?.cutBytes ?? 0)).toBe(900_000);
  });

  it('ends where its process ended, although the next process wrote no line feed before', () => {
    const lines = read(new FramedLogReader(), Buffer.concat([frame(`${AT} tail`), frame(`${NEXT} head\n`)]));
    expect(lines.map(({ text }) => text)).toEqual(['tail', 'head']);
  });

  it('of output and one of errors do not mix, although their parts alternate', () => {
    const parts = [frame(`${AT} a`), frame(`${NEXT} e\n`, 2), frame(`${AT} b\n`)];
    const lines = read(new FramedLogReader(), Buffer.concat(parts));
    expect(lines.map(({ stream, text }) => `${stream} ${text}`)).toEqual(['stderr e', 'stdout ab']);
  });
});

describe('what is no log', () => {
  it('is refused, and not waited for as a frame of gigabytes', () => {
    expect(() => new FramedLogReader().push(Buffer.from('2026-01-15 hello\n'))).toThrow(
      'The log has no frames',
    );
    expect(() => new TerminalLogReader(() => LATER).push(Buffer.from('hello world\n'))).toThrow(
      'where a time was expected',
    );
  });

  it('is told in the words of the engine, where the engine reports a fault in it', () => {
    expect(() => new FramedLogReader().push(frame('the log is broken', 3))).toThrow('the log is broken');
  });
});
