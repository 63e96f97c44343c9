import { describe, expect, it } from 'vitest';
import { junitOf } from '../../../src/clients/conformance/junit.ts';
import type { Result } from '../../../src/clients/conformance/outcome.ts';
import { linesOf } from '../../../src/clients/conformance/report.ts';
import { Transcript } from '../../../src/clients/conformance/transcript.ts';
import { startBrowser } from '../../support/browser.ts';

const about = {
  dialect: 'norn',
  says: 'A <promise> & "more".',
  place: 'Norn, WebSocket: Connection',
  ms: 1_500,
};
const RESULTS: readonly Result[] = [
  { ...about, check: 'one', state: 'passed' },
  { ...about, check: 'two', state: 'skipped', detail: 'no token was given: --token' },
  {
    ...about,
    check: 'three',
    state: 'failed',
    detail: 'expected {"a":"<&>"}',
    sent: ['{"say":"\u0000\u0007]]>"}'],
    came: ['\uFFFF odd \uD800 text'],
  },
  { ...about, dialect: 'drp', check: 'four', state: 'failed', detail: 'expected an ack', sent: [], came: [] },
];

describe('the report of JUnit', () => {
  it('is XML for a browser, with the counts of each suite and the text of each failure', async () => {
    const page = await (await startBrowser()).newPage();
    const xml = junitOf(RESULTS, 'http://h/?a=1&b="2"');
    const read = await page.evaluate(`(() => {
      const document = new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml');
      const all = (name) => [...document.querySelectorAll(name)];
      const counts = (element) =>
        ['name', 'tests', 'failures', 'skipped', 'time'].map((name) => element.getAttribute(name));
      return {
        errors: all('parsererror').length,
        suites: all('testsuites, testsuite').map(counts),
        cases: all('testcase').map((each) => each.getAttribute('classname') + '.' + each.getAttribute('name')),
        url: all('property')[0]?.getAttribute('value'),
        skipped: all('skipped').map((each) => each.getAttribute('message')),
        failures: all('failure').map((each) => [each.getAttribute('message'), each.textContent]),
      };
    })()`);
    expect(read).toEqual({
      errors: 0,
      suites: [
        ['belfry conformance', '4', '2', '1', '6.000'],
        ['norn', '3', '1', '1', '4.500'],
        ['drp', '1', '1', '0', '1.500'],
      ],
      cases: ['norn.one', 'norn.two', 'norn.three', 'drp.four'],
      url: 'http://h/?a=1&b="2"',
      skipped: ['no token was given: --token'],
      failures: [
        ['expected {"a":"<&>"}', expect.stringContaining('{"say":"\uFFFD\uFFFD]]>"}')],
        ['expected an ack', expect.stringContaining('document: Norn, WebSocket: Connection')],
      ],
    });
  });
});

describe('the report for people', () => {
  it('says of a failure what was sent, what was expected with its place in the document, and what came', () => {
    const lines = linesOf(RESULTS).map((pieces) =>
      pieces.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''),
    );
    expect(lines[0]).toBe('norn  1 passed, 2 failed, 1 skipped');
    expect(lines.filter((line) => line.startsWith('          '))).toEqual([
      '          because no token was given: --token',
      '          document  Norn, WebSocket: Connection',
      '          sent      {"say":"\u0000\u0007]]>"}',
      '          expected  {"a":"<&>"}',
      '          came      \uFFFF odd \uD800 text',
      '          document  Norn, WebSocket: Connection',
      '          sent      nothing',
      '          expected  an ack',
      '          came      nothing',
    ]);
  });

  it('has the first and the last lines of a long exchange, each cut', () => {
    const transcript = new Transcript();
    for (let i = 1; i <= 100; i++) transcript.sent(`line ${i}`);
    transcript.came('x'.repeat(10_000));
    const { sent, came } = transcript.lines;
    expect([sent[0], sent.includes('…'), sent.at(-1), sent.length]).toEqual(['line 1', true, 'line 100', 13]);
    expect([came[0]?.length, came[0]?.endsWith('… (10000 characters)')]).toEqual([420, true]);
  });
});
