import { describe, expect, it } from 'vitest';
import { isDisturbed, RECORDED, readRecord } from '../support/record.ts';
import { boundOf, OBJECTIVES } from './objectives.ts';

describe('the service levels', () => {
  it.for(OBJECTIVES)('were kept in the run that is recorded: $what', (objective, { skip }) => {
    skip(
      objective.unit === 's' && isDisturbed(readRecord(objective.record)),
      'others used the machine in that run, and no release may have it',
    );
    expect(objective.measured().worst).toBeLessThanOrEqual(boundOf(objective));
  });

  it.each(RECORDED)('have a record %s with the command, the machine and the day of its figures', (name) => {
    const { command, machine, date, version, hub, figures } = readRecord<readonly unknown[]>(name);
    expect(command).toMatch(/^npm run (bench|test:faults)\b/);
    expect(machine).toMatch(/ cores, \d+ GiB; Node \d/);
    expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(hub).toMatch(/^[\da-f]{12}$/);
    expect(figures.length).toBeGreaterThan(9);
  });
});
