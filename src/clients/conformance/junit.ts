import type { Result } from './outcome.ts';
import { countsOf } from './report.ts';

/** The results as a report of JUnit: one suite for each dialect, one case for each check. */
export function junitOf(results: readonly Result[], url: string): string {
  const groups = Map.groupBy(results, ({ dialect }) => dialect);
  const { failed, skipped } = countsOf(results);
  const suites = [...groups].map(([dialect, own]) => suiteOf(dialect, own, url));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="belfry conformance" tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${timeOf(results)}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteOf(dialect: string, results: readonly Result[], url: string): string {
  const { failed, skipped } = countsOf(results);
  return [
    `  <testsuite name="${escaped(dialect)}" tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${timeOf(results)}">`,
    `    <properties><property name="url" value="${escaped(url)}"/></properties>`,
    ...results.map(caseOf),
    '  </testsuite>',
  ].join('\n');
}

function caseOf({
  dialect,
  check,
  state,
  says,
  place,
  ms,
  detail = '',
  sent = [],
  came = [],
}: Result): string {
  const head = `    <testcase classname="${escaped(dialect)}" name="${escaped(check)}" time="${seconds(ms)}"`;
  if (state === 'passed') return `${head}/>`;
  if (state === 'skipped') return `${head}><skipped message="${escaped(detail)}"/></testcase>`;
  const text = [says, `document: ${place}`, 'sent:', ...sent, detail, 'came:', ...came].join('\n');
  return `${head}><failure message="${escaped(detail)}">${escaped(text)}</failure></testcase>`;
}

function timeOf(results: readonly Result[]): string {
  return seconds(results.reduce((sum, { ms }) => sum + ms, 0));
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

const REPLACEMENT = '\uFFFD';
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** A text for XML. Characters that XML 1.0 does not permit, such as those of control, are replaced. */
function escaped(text: string): string {
  return Array.from(text.toWellFormed(), (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isPermitted =
      (code >= 0x20 && code !== 0xfffe && code !== 0xffff) || code === 9 || code === 10 || code === 13;
    return isPermitted ? (ENTITIES[character] ?? character) : REPLACEMENT;
  }).join('');
}
