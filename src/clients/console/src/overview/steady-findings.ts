import type { Finding } from './finding.ts';

/** A finding with the last time when it was true. */
export interface SteadyFinding {
  readonly finding: Finding;
  readonly at: number;
}

/** For so long a finding is shown after it has ended, so that what comes and goes does not move the page each time. */
const SHOWN_AFTER_MS = 10_000;

/** The findings to show, where those that were shown before keep their order among their kind. */
export function steadyFindings(
  before: readonly SteadyFinding[],
  findings: readonly Finding[],
  now: number,
): readonly SteadyFinding[] {
  const current = new Map(findings.map((finding) => [finding.id, { finding, at: now }]));
  const kept = before
    .map((each) => current.get(each.finding.id) ?? each)
    .filter(({ at }) => now - at < SHOWN_AFTER_MS);
  const known = new Set(kept.map(({ finding }) => finding.id));
  const all = [...kept, ...[...current.values()].filter(({ finding }) => !known.has(finding.id))];
  return [
    ...all.filter(({ finding }) => finding.tone === 'bad'),
    ...all.filter(({ finding }) => finding.tone === 'warn'),
  ];
}
