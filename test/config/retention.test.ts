import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { fromFile, refusal } from './helpers.ts';

const RULES = [
  { pattern: 'jobs.log,error.*', last: 50, ttlMs: 60_000 },
  { pattern: 'machines.*.*', latest: true },
];

describe('retention rules', () => {
  test('are JSON in the environment and plain YAML in the file', () => {
    expect(loadConfig({ BELFRY_RETENTION: JSON.stringify(RULES) }).retention).toEqual(RULES);
    const yaml = 'retention:\n  - { pattern: jobs.log.*, ttlMs: 1000 }\n';
    expect(fromFile(yaml).retention).toEqual([{ pattern: 'jobs.log.*', ttlMs: 1_000 }]);
    expect(loadConfig({}).retention).toEqual([]);
  });

  test('are shown as JSON, as they are written in the environment', () => {
    const config = loadConfig({ BELFRY_RETENTION: JSON.stringify(RULES) });
    const shown = describeConfig(config).find(({ name }) => name === 'BELFRY_RETENTION');
    expect(shown?.value).toBe(JSON.stringify(RULES));
  });

  test.each([
    ['[{"pattern":"a.b","last":1}]', 'BELFRY_RETENTION.0.pattern'],
    ['[{"pattern":"a.b.key","last":1}]', 'is not a pattern for every key. Expected type.action.*'],
    ['[{"last":1}]', 'BELFRY_RETENTION.0.pattern'],
    ['[{"pattern":"a.b.*"}]', 'keeps nothing, or two kinds of things'],
    ['[{"pattern":"a.b.*","last":1,"latest":true}]', 'keeps nothing, or two kinds of things'],
    ['[{"pattern":"a.b.*","latest":false}]', 'BELFRY_RETENTION.0.latest'],
    ['[{"pattern":"a.b.*","last":0}]', 'is 0. Expected a whole number from 1 to 10000'],
    ['[{"pattern":"a.b.*","ttlMs":999}]', 'BELFRY_RETENTION.0.ttlMs'],
    ['[{"pattern":"a.b.*","first":1}]', 'unknown field first'],
    ['{}', 'Expected a list'],
    ['container.log', 'Expected JSON'],
  ])('are refused when they are %s', (rules, message) => {
    expect(refusal({ BELFRY_RETENTION: rules })).toContain(message);
  });
});
