import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isMark, MARK_BYTES, markOf, readMark } from '../../src/clients/load/mark.ts';

const MARK_FILE = new URL('../../src/clients/load/mark.ts', import.meta.url).href;

/** This runs in a process that has just begun, as the process of a publisher or a load client has. */
const READ_BOTH_CLOCKS = `
  const { micros } = await import('${MARK_FILE}');
  const ofMachine = () => Number(process.hrtime.bigint()) / 1_000;
  console.log(JSON.stringify([ofMachine(), micros(), ofMachine()]));
`;

test('a process writes marks by the clock that all processes of a machine share', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', READ_BOTH_CLOCKS]);
  const [before = 0, marked = 0, after = 0] = z.array(z.number()).parse(JSON.parse(stdout));
  const rounding = 1;
  expect(marked).toBeGreaterThan(before - rounding);
  expect(marked).toBeLessThan(after + rounding);
});

test('a mark is read back as the time that was written', () => {
  const bytes = Buffer.from(`"at":"${markOf(123_456_789.9)}"`);
  const offset = bytes.indexOf('@');
  expect(isMark(bytes, offset)).toBe(true);
  expect(readMark(bytes, offset)).toBe(123_456_789);
  expect(markOf(1)).toHaveLength(MARK_BYTES);
});
