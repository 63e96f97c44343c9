import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/dialects/native.ts';
import { Cohort, signatureOf } from '../../src/hub/cohort.ts';
import { WriteCoalescer } from '../../src/hub/write-coalescer.ts';
import { Router } from '../../src/hub/router.ts';
import { Subscriptions } from '../../src/hub/subscriptions.ts';
import { Deliveries } from '../../src/hub/stats.ts';
import { START } from '../../src/model/cursor.ts';
import { Pattern } from '../../src/model/pattern.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { anEvent, anIdentity } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

/** A cohort with subscriptions to these patterns. */
function cohortOf(...patterns: readonly Pattern[]): Cohort {
  const subscriptions = new Subscriptions();
  for (const pattern of patterns)
    subscriptions.set(pattern.text, {
      subscription: { name: pattern.text, pattern, filters: [] },
      from: START,
    });
  const member = {
    encoding: native,
    deflate: false,
    identity: anIdentity(),
    view: Redaction.none.viewOf([]),
    audience: '',
    subscriptions,
    isSlow: false,
    send: () => {},
    drained: async () => {},
    close: () => {},
  };
  const cohort = new Cohort(member, signatureOf(member), new Deliveries(), new WriteCoalescer(0));
  cohort.members.add(member);
  return cohort;
}

const parsed = (...texts: readonly string[]): Cohort => cohortOf(...texts.map((text) => Pattern.parse(text)));

describe('the router', () => {
  it('finds a cohort by each of the eight generalisations of an event', () => {
    const event = anEvent({ type: 'a', action: 'b', key: 'c' });
    for (const text of ['a.b.c', 'a.b.*', 'a.*.c', 'a.*.*', '*.b.c', '*.b.*', '*.*.c', '*.*.*']) {
      const router = new Router();
      const cohort = parsed(text);
      router.add(cohort);
      expect(router.match(event)).toEqual([cohort]);
      expect(router.match(anEvent({ type: 'a', action: 'b', key: 'x' }))).toHaveLength(
        text.endsWith('*') ? 1 : 0,
      );
    }
  });

  it('finds a cohort once, however many of its patterns match', () => {
    const router = new Router();
    const cohort = parsed('*.*.*', 'a.*.*', 'a.b.c', 'a,x.b,y.c,z');
    router.add(cohort);
    for (let turn = 0; turn < 3; turn++) {
      expect(router.match(anEvent({ type: 'a', action: 'b', key: 'c' }))).toEqual([cohort]);
    }
  });

  it('distinguishes the value * from the wildcard', () => {
    const router = new Router();
    const [star, any] = [parsed('\\3.b.c'), parsed('*.b.c')];
    router.add(star);
    router.add(any);
    expect(router.match(anEvent({ type: '*', action: 'b', key: 'c' }))).toEqual([star, any]);
    expect(router.match(anEvent({ type: 'a', action: 'b', key: 'c' }))).toEqual([any]);
  });

  it('finds nothing for a pattern that matches nothing', () => {
    const router = new Router();
    const cohort = cohortOf(Pattern.nothing('a.b'));
    router.add(cohort);
    expect(router.match(anEvent({ type: 'a', action: 'b', key: '' }))).toEqual([]);
    expect(() => router.remove(cohort)).not.toThrow();
  });

  it('finds nothing for names that every JavaScript object has', () => {
    const router = new Router();
    const cohort = parsed('constructor.__proto__.toString');
    router.add(cohort);
    expect(router.match(anEvent({ type: 'constructor', action: '__proto__', key: 'toString' }))).toEqual([
      cohort,
    ]);
    expect(router.match(anEvent({ type: 'valueOf', action: 'constructor', key: 'x' }))).toEqual([]);
  });

  it('agrees with a match against every pattern, while cohorts come and go', () => {
    const name = fc.constantFrom('a', 'b', '\\3');
    const part = fc.oneof(fc.constant('*'), fc.array(name, { minLength: 1, maxLength: 3 }).map(String));
    const pattern = fc.tuple(part, part, part).map((parts) => Pattern.parse(parts.join('.')));
    const cohort = fc.array(pattern, { maxLength: 4 }).map((patterns) => cohortOf(...patterns));
    const value = fc.constantFrom('a', 'b', '*', 'x');
    const event = fc.record({ type: value, action: value, key: value }).map(anEvent);
    const steps = fc.array(fc.record({ removed: fc.nat(20), events: fc.array(event, { maxLength: 5 }) }), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(fc.uniqueArray(cohort, { maxLength: 15 }), steps, (cohorts, then) => {
        const router = new Router();
        const present = new Set<Cohort>();
        for (const [at, { removed, events }] of then.entries()) {
          const added = cohorts[at];
          if (added !== undefined) {
            present.add(added);
            router.add(added);
          }
          const gone = cohorts[removed];
          if (gone !== undefined && present.delete(gone)) router.remove(gone);
          for (const heard of events) {
            const expected = [...present].filter(({ subscriptions }) =>
              subscriptions.some((subscription) => subscription.pattern.matches(heard)),
            );
            const found = [...router.match(heard)];
            expect(found).toHaveLength(expected.length);
            expect(new Set(found)).toEqual(new Set(expected));
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
