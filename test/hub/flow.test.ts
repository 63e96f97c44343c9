import { describe, expect, it } from 'vitest';
import type { Cohort } from '../../src/hub/cohort.ts';
import { Flow } from '../../src/hub/flow.ts';
import type { HubEvent } from '../../src/model/event.ts';
import { ManualClock } from '../support/clock.ts';

function anEvent(topic: string, principal?: string, size = 100): HubEvent {
  const [type = '', action = ''] = topic.split('.');
  return {
    id: '1-0',
    time: '',
    type,
    action,
    key: 'k',
    object: {},
    size,
    ...(principal !== undefined && { principal }),
  };
}

/** A cohort of so many members that takes the events of one topic. */
function aCohort(encoding: string, members: number, topic: string): Cohort {
  const admits: Cohort['admits'] = ({ event }) => `${event.type}.${event.action}` === topic;
  return { encoding: { name: encoding }, members: { size: members }, admits } as unknown as Cohort;
}

function flowOf(newestFirst: readonly HubEvent[], cohorts: readonly Cohort[] = []) {
  const clock = new ManualClock();
  const asked: HubEvent[] = [];
  const latest = function* (count: number): Generator<HubEvent> {
    yield* newestFirst.slice(0, count);
  };
  const flow = new Flow({
    lanes: [{ shard: 0, epoch: 0, cache: { recent: { latest } } as never }],
    cohorts: {
      match: (event) => {
        asked.push(event);
        return cohorts;
      },
    },
    clock,
  });
  return { flow, clock, asked };
}

describe('the flow of events through a node', () => {
  it('tells of each topic who published its latest events, and how many connections of each dialect one of them goes to', () => {
    const events = [
      anEvent('deploy.step', 'user:ada'),
      anEvent('deploy.step', 'user:ada'),
      anEvent('deploy.step', 'runner:1'),
      anEvent('logs.line'),
    ];
    const cohorts = [
      aCohort('mist', 3, 'deploy.step'),
      aCohort('mist real samples', 2, 'deploy.step'),
      aCohort('native', 4, 'logs.line'),
    ];
    expect(flowOf(events, cohorts).flow.sample()).toEqual([
      {
        type: 'deploy',
        action: 'step',
        events: 3,
        publishers: { 'user:ada': 2, 'runner:1': 1 },
        otherPublishers: 0,
        hearers: { mist: 5 },
      },
      {
        type: 'logs',
        action: 'line',
        events: 1,
        publishers: { unknown: 1 },
        otherPublishers: 0,
        hearers: { native: 4 },
      },
    ]);
  });

  it('looks at the latest thousand events, or at the latest megabyte', () => {
    const count = ([topic]: ReturnType<Flow['sample']>): number | undefined => topic?.events;
    const events = (size: number) => Array.from({ length: 2_000 }, () => anEvent('a.b', 'x', size));
    expect(count(flowOf(events(100)).flow.sample())).toBe(1_000);
    expect(count(flowOf(events(100_000)).flow.sample())).toBe(11);
  });

  it('names twenty publishers of a topic, the most active ones, and counts the others together', () => {
    const events = Array.from({ length: 50 }, (_, i) => anEvent('a.b', `user:${Math.min(i, 29)}`));
    const [topic] = flowOf(events).flow.sample();
    expect(Object.entries(topic?.publishers ?? {})[0]).toEqual(['user:29', 21]);
    expect([Object.keys(topic?.publishers ?? {}).length, topic?.otherPublishers]).toEqual([20, 10]);
  });

  it('asks so many cohorts and no more, but once for each topic, and then goes by the events for which it asked', () => {
    const cohorts = Array.from({ length: 10_000 }, () => aCohort('native', 1, 'a.b'));
    const events = [...Array.from({ length: 100 }, () => anEvent('a.b')), anEvent('c.d')];
    const { flow, asked } = flowOf(events, cohorts);
    expect(flow.sample()).toMatchObject([{ events: 100, hearers: { native: 10_000 } }, { type: 'c' }]);
    expect(asked).toHaveLength(6);
  });

  it('is looked at again after two seconds, however often it is asked for', () => {
    const { flow, clock, asked } = flowOf([anEvent('a.b')]);
    flow.sample();
    clock.advance(1_999);
    flow.sample();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    flow.sample();
    expect(asked).toHaveLength(2);
  });
});
