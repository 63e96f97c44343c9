import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_INTEREST, InterestRules, type InterestRule } from '../../src/model/interest.ts';
import { RESERVED_TYPES } from '../../src/model/event.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Grants } from '../../src/model/principal.ts';

function topicsOf(pattern: string, rules: readonly InterestRule[], grants = Grants.all): string[] {
  return new InterestRules(rules).topicsOf(Pattern.parse(pattern), grants).toSorted();
}

describe('the topics of a subscription that rules concern', () => {
  it.each([
    ['container.log.42', ['container.log.42']],
    ['container.status,end,error,log.42', ['container.log.42']],
    [
      'container.log,stats.1,2',
      ['container.log.1', 'container.log.2', 'container.stats.1', 'container.stats.2'],
    ],
    ['container.log.web.1.example', ['container.log.web.1.example']],
    ['container.log.a\\2b\\3', ['container.log.a\\2b\\3']],
    ['container.*.42', ['container.log.42', 'container.stats.42']],
    ['*.*.42', ['container.log.42', 'container.stats.42', 'metrics.sample.42', 'system.log.42']],
    ['metrics.sample.system', ['metrics.sample.system']],
    ['system.log,end,error.mist', ['system.log.mist']],
    ['container.log.*', []],
    ['*.*.*', []],
    ['deploy.log.42', []],
    ['container.status.42', []],
  ])('are those of %s by default', (pattern, topics) => {
    expect(topicsOf(pattern, DEFAULT_INTEREST)).toEqual(topics);
  });

  it('are patterns for wildcards that a rule counts', () => {
    const rules = [{ pattern: 'container.log.*', wildcards: true }, { pattern: 'metrics.sample.*' }];
    expect(topicsOf('container.*.*', rules)).toEqual(['container.log.*']);
    expect(topicsOf('*.*.*', rules)).toEqual(['container.log.*']);
    expect(topicsOf('*.*.*', [{ pattern: '*.log.*', wildcards: true }])).toEqual(['*.log.*']);
  });

  it('are only those that the grants permit', () => {
    const grants = Grants.parse(['container.log.1,2', '*.stats.3']);
    expect(topicsOf('container.log,stats.1,3', DEFAULT_INTEREST, grants)).toEqual([
      'container.log.1',
      'container.stats.3',
    ]);
    expect(topicsOf('container.log.*', [{ pattern: '*.log.*', wildcards: true }], grants)).toEqual([
      'container.log.1',
      'container.log.2',
    ]);
    expect(topicsOf('container.log.1', DEFAULT_INTEREST, Grants.none)).toEqual([]);
  });

  it('are never of the types of the hub itself', () => {
    for (const type of RESERVED_TYPES) expect(topicsOf(`${type}.a.b`, [{ pattern: '*.*.*' }])).toEqual([]);
    expect(topicsOf('x,interest.a.b', [{ pattern: '*.*.*' }])).toEqual(['x.a.b']);
  });

  it('are left out where they are longer than 500 characters', () => {
    const key = 'k'.repeat(500 - 'container.log.'.length);
    expect(topicsOf(`container.log.${key}`, DEFAULT_INTEREST)).toHaveLength(1);
    expect(topicsOf(`container.log.${key}k`, DEFAULT_INTEREST)).toEqual([]);
  });

  it('are exactly those events that rule, grant and pattern match, and are patterns of one event each', () => {
    const value = fc.constantFrom('a', 'b', 'c', '.', ',', '*', 'x.y');
    const part = fc.oneof(fc.constant('*'), fc.uniqueArray(value, { minLength: 1, maxLength: 3 }));
    const text = (parts: readonly ('*' | string[])[]): string =>
      parts
        .map((each) =>
          each === '*'
            ? '*'
            : each
                .map((one) => one.replaceAll('.', '\\1').replaceAll(',', '\\2').replaceAll('*', '\\3'))
                .join(),
        )
        .join('.');
    const pattern = fc.tuple(part, part, part).map(text);
    fc.assert(
      fc.property(pattern, pattern, pattern, value, value, value, (rule, grant, asked, type, action, key) => {
        const event = { type, action, key };
        const topics = topicsOf(asked, [{ pattern: rule, wildcards: true }], Grants.parse([grant]));
        const isHeard = [rule, grant, asked].every((each) => Pattern.parse(each).matches(event));
        expect(topics.filter((topic) => Pattern.parse(topic).matches(event))).toHaveLength(isHeard ? 1 : 0);
        expect(topics.map((topic) => Pattern.parse(topic).size)).toEqual(topics.map(() => 1));
      }),
    );
  });
});
