import { SUITES } from '../../src/clients/conformance/index.ts';
import { listed } from '../../src/clients/conformance/run.ts';
import { cell, code, prose } from './tables.ts';

/** Every check of each dialect, with the sentence that it checks. */
export function conformancePart(): string {
  const tables = SUITES.map((suite) => {
    const rows = listed({ suites: [suite], selects: () => true }).map(
      ({ check, says, place, detail = '' }) =>
        `| ${code(check)} | ${cell(prose(says))} | ${cell(place)} | ${cell(detail.replace(/^needs /, ''))} |`,
    );
    return `## ${suite.dialect}\n\n| check | the document says | where | needs |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return tables.join('\n');
}
