import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missedBy, unfinished } from '../../src/dialects/norn-sagas.ts';
import type { HubEvent } from '../../src/model/event.ts';
import type { Json } from '../../src/model/json.ts';
import { anEvent } from '../support/connection.ts';
import { runs } from '../support/runs.ts';

/**
 * Makes events: `deploy.step shop A` is a step of the saga A of the app shop. Without the third word it names no saga.
 */
function tell(lines: readonly string[]): HubEvent[] {
  return lines.map((line, index) => {
    const [name = '', key = '', sagaId] = line.split(' ');
    const [type = '', action = ''] = name.split('.');
    const object: Json = sagaId === undefined ? { n: index } : { sagaId, n: index };
    return anEvent({ id: `${index + 1}-0`, type, action, key, object });
  });
}

/** The lines that are replayed when all lines since the given one are looked at. */
function replayed(lines: readonly string[], since = 0): string[] {
  const events = tell(lines);
  const left = new Set(unfinished(events, `${since + 1}-0`));
  return lines.filter((_line, index) => left.has(events[index] as HubEvent));
}

describe('the replay for a new norn socket', () => {
  it('contains all events of a running deploy, in order', () => {
    const lines = ['deploy.step shop A', 'deploy.progress shop A', 'deploy.step shop A'];
    expect(unfinished(tell(lines), '0-0')).toEqual(tell(lines));
  });

  it('contains all events of a running preflight', () => {
    const lines = ['preflight.step shop A', 'preflight.progress shop A'];
    expect(replayed(lines)).toEqual(lines);
  });

  it.each(['completed', 'failed'])('contains nothing of a deploy or preflight that has %s', (end) => {
    for (const type of ['deploy', 'preflight'])
      expect(replayed([`${type}.step shop A`, `${type}.progress shop A`, `${type}.${end} shop A`])).toEqual(
        [],
      );
  });

  it('contains no events of other types, even if they name a saga', () => {
    const others = ['app.restarted', 'app.scaled', 'beacon.event', 'function.completed', 'snapshot.restored'];
    const older = ['forge.step', 'teardown.step', 'cron.started', 'health.check', 'secrets.updated'];
    expect(replayed([...others, ...older].map((name) => `${name} shop A`))).toEqual([]);
  });

  it('treats two apps separately', () => {
    const lines = [
      'deploy.step shop A',
      'deploy.step blog B',
      'deploy.completed shop A',
      'deploy.step blog B',
    ];
    expect(replayed(lines)).toEqual(['deploy.step blog B', 'deploy.step blog B']);
  });

  it('contains a running deploy whose preflight has ended, and a running preflight whose deploy has ended', () => {
    expect(replayed(['preflight.completed shop A', 'deploy.step shop B'])).toEqual(['deploy.step shop B']);
    expect(replayed(['deploy.failed shop A', 'preflight.step shop B'])).toEqual(['preflight.step shop B']);
    expect(replayed(['preflight.completed shop A', 'deploy.step shop A'])).toEqual(['deploy.step shop A']);
  });

  it('contains the rollback that follows a failure under its own saga, and nothing of what failed', () => {
    const lines = [
      'deploy.step shop A',
      'deploy.progress shop',
      'deploy.failed shop A',
      'deploy.progress shop',
      'deploy.step shop B',
      'deploy.progress shop',
    ];
    expect(replayed(lines.slice(0, 4))).toEqual([]);
    expect(unfinished(tell(lines), '0-0')).toEqual(tell(lines).slice(4));
  });

  it('contains a progress event without a saga, together with the saga of its app', () => {
    const lines = ['deploy.step shop A', 'deploy.progress shop'];
    expect(replayed(lines)).toEqual(lines);
    expect(replayed([...lines, 'deploy.completed shop A'])).toEqual([]);
    expect(replayed([...lines, 'deploy.completed blog B'])).toEqual(lines);
  });

  it('contains a progress event whose saga began earlier, until that saga ends', () => {
    expect(replayed(['deploy.progress shop', 'deploy.progress shop'])).toHaveLength(2);
    expect(replayed(['deploy.progress shop', 'deploy.completed shop A'])).toEqual([]);
  });

  it('contains no late event of an ended saga, with or without its name, at any time after the end', () => {
    const lines = [
      'deploy.step shop A',
      'deploy.completed shop A',
      'deploy.progress shop',
      'deploy.step shop A',
    ];
    expect(replayed(lines)).toEqual([]);
    expect(replayed(lines, 2)).toEqual([]);
    expect(replayed([...lines, 'deploy.progress shop'])).toEqual([]);
  });

  it('contains nothing of an ended deploy of version 1, whose events name no saga, and all of the next deploy', () => {
    const first = ['deploy.queued shop', 'deploy.step shop', 'deploy.completed shop'];
    expect(replayed(first)).toEqual([]);
    const second = ['deploy.queued shop', 'deploy.step shop', 'deploy.progress shop'];
    expect(unfinished(tell([...first, ...second]), '0-0')).toEqual(tell([...first, ...second]).slice(3));
  });

  it('contains no rollback of version 1, which is sent once, when the rollback is done', () => {
    expect(replayed(['deploy.step shop', 'deploy.rollback shop'])).toEqual([]);
  });

  it('treats an event as one without a saga when its payload has something else in place of the name', () => {
    for (const object of [null, 'A', ['A'], { sagaId: 7 }, { sagaId: null }, { sagaId: '' }]) {
      const step = anEvent({ id: '1-0', type: 'deploy', action: 'step', key: 'shop', object });
      const end = anEvent({ id: '2-0', type: 'deploy', action: 'completed', key: 'shop', object });
      expect(unfinished([step], '0-0')).toEqual([step]);
      expect(unfinished([step, end], '0-0')).toEqual([]);
    }
  });

  it('contains no event from before the given position, but respects an end from before it', () => {
    const lines = [
      'deploy.step shop A',
      'deploy.completed blog B',
      'deploy.step shop A',
      'deploy.step blog B',
    ];
    expect(replayed(lines, 2)).toEqual(['deploy.step shop A', 'deploy.step shop A'].slice(1));
  });

  it('contains every event of a saga that has not ended, and none of one that has, in any order of events', () => {
    const line = fc
      .tuple(
        fc.constantFrom('deploy', 'preflight', 'app'),
        fc.constantFrom('queued', 'step', 'step', 'progress', 'completed', 'failed'),
        fc.constantFrom('shop', 'blog'),
        fc.option(fc.constantFrom('A', 'B', 'C')),
      )
      .map(([type, action, app, saga]) => ({
        type,
        action,
        app,
        saga: saga === null ? null : `${app}-${type}-${saga}`,
      }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30, size: 'max' }), (told) => {
        const lines = told.map(
          ({ type, action, app, saga }) => `${type}.${action} ${app}${saga ? ` ${saga}` : ''}`,
        );
        const events = tell(lines);
        const left = new Set(unfinished(events, '0-0'));
        const isEnd = (action: string): boolean => action === 'completed' || action === 'failed';
        const ended = new Set(told.filter(({ action }) => isEnd(action)).map(({ saga }) => saga));
        for (const [index, { type, action, app, saga }] of told.entries()) {
          const endsLater = told
            .slice(index)
            .some((later) => later.type === type && later.app === app && isEnd(later.action));
          const never = type === 'app' || (saga === null ? endsLater : ended.has(saga)) || isEnd(action);
          // A progress event that names no saga may belong to any saga.
          const always = !never && (saga !== null || action !== 'progress');
          expect(left.has(events[index] as HubEvent) && never).toBe(false);
          expect(left.has(events[index] as HubEvent) || !always).toBe(true);
        }
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe('the replay of ended sagas for a new norn socket', () => {
  /** The lines that are sent to a client that connects a second after the last of them. */
  const told = (isPage: boolean, lines: readonly string[]): string[] => {
    const events = tell(lines).map((event, index) => ({ ...event, id: `${100_000 + index}-0` }));
    const left = new Set(missedBy(isPage, events, 101_000));
    return lines.filter((_line, index) => left.has(events[index] as HubEvent));
  };

  it('contains for a terminal no event without a saga, so nothing of version 1', () => {
    expect(told(false, ['deploy.queued shop', 'deploy.step shop', 'deploy.completed shop'])).toEqual([]);
    expect(told(false, ['deploy.rollback shop', 'forge.completed shop', 'teardown.failed shop'])).toEqual([]);
  });

  it('contains for a terminal the whole saga, with the progress events of its app that name none', () => {
    const saga = [
      'deploy.step shop A',
      'deploy.progress shop',
      'deploy.step shop A',
      'deploy.completed shop A',
    ];
    const others = ['deploy.step shop', 'deploy.completed blog', 'deploy.progress blog'];
    expect(told(false, [...others, ...saga])).toEqual(saga);
  });

  it('contains for a terminal a preflight as well as a deploy, and the run of a function', () => {
    const events = tell([
      'preflight.step shop A',
      'preflight.failed shop A',
      'function.completed shop',
      'function.completed shop',
    ]);
    const run = { ...events[2], object: { execId: 'x', status: 'complete' } } as HubEvent;
    const documented = { ...events[3], object: { executionId: 'y', status: 'complete' } } as HubEvent;
    const all = [...events.slice(0, 2), run, documented];
    expect(missedBy(false, all, 0)).toEqual(all);
    expect(missedBy(true, all, 0)).toEqual([events[1]]);
  });

  it('contains for a page every end of a deploy or preflight, with or without a saga', () => {
    const ends = ['deploy.completed shop A', 'preflight.failed shop', 'deploy.failed blog B'];
    const rest = ['deploy.step shop A', 'function.completed shop A', 'forge.completed shop'];
    expect(told(true, [...rest, ...ends])).toEqual(ends);
  });
});
