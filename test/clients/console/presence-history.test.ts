import { describe, expect, it } from 'vitest';
import {
  connectionSpans,
  openAt,
  placeOf,
  presenceSpans,
  ticksOf,
} from '../../../src/clients/console/src/connections/presence-history.ts';
import { readHistory } from '../../../src/clients/console/src/connections/read-history.ts';
import { connectionOf, eventOf } from './connections.ts';

const time = (minute: number): string => `2026-11-27T10:${String(minute).padStart(2, '0')}:00.000Z`;
const at = (minute: number): number => Date.parse(time(minute));
const presence = (action: 'online' | 'offline', minute: number) =>
  eventOf(`presence.${action}`, { online: action === 'online' }, { time: time(minute) });

describe('the presence of a principal over time', () => {
  it('is what its events say, and before the first of them the opposite', () => {
    const spans = presenceSpans([presence('offline', 20), presence('online', 30)], undefined, at(10));
    expect(spans).toEqual([
      { from: at(10), to: at(20), state: 'online' },
      { from: at(20), to: at(30), state: 'offline' },
      { from: at(30), to: undefined, state: 'online' },
    ]);
  });

  it('is what is known now, as far back as that is true, where there are no events', () => {
    const since = (minute: number) => presenceSpans([], { online: true, since: time(minute) }, at(10));
    expect(since(5)).toEqual([{ from: at(10), to: undefined, state: 'online' }]);
    expect(since(25)).toEqual([
      { from: at(10), to: at(25), state: 'unknown' },
      { from: at(25), to: undefined, state: 'online' },
    ]);
    expect(presenceSpans([], undefined, at(10))).toEqual([{ from: at(10), to: undefined, state: 'unknown' }]);
  });
});

it('a connection lives from its creation to the event of its end, or goes on', () => {
  const [A, B] = [connectionOf('a', { CreateTime: time(5) }), connectionOf('b', { CreateTime: time(2) })];
  const events = [
    eventOf('connections.create', A, { time: time(5) }),
    eventOf('connections.delete', A, { time: time(9) }),
    presence('online', 5),
  ];
  const spans = connectionSpans(events, [B]);
  expect(spans.map(({ connection, from, to }) => [connection.Id, from, to])).toEqual([
    ['b', at(2), undefined],
    ['a', at(5), at(9)],
  ]);
  expect(openAt(spans, at(7)).map(({ connection }) => connection.Id)).toEqual(['b', 'a']);
  expect(openAt(spans, at(9)).map(({ connection }) => connection.Id)).toEqual(['b']);
});

it('a span is drawn as far as it lies in the window', () => {
  expect(placeOf({ from: 0, to: 150 }, 100, 200)).toEqual({ left: 0, width: 0.5 });
  expect(placeOf({ from: 175, to: undefined }, 100, 200)).toEqual({ left: 0.75, width: 0.25 });
  expect(placeOf({ from: 0, to: 99 }, 100, 200)).toBeUndefined();
  expect(placeOf({ from: 201, to: undefined }, 100, 200)).toBeUndefined();
});

it('marks stand at round times, and are not too many', () => {
  const ticks = ticksOf(at(3), at(58), 6);
  expect(ticks.map((tick) => new Date(tick).getUTCMinutes())).toEqual([10, 20, 30, 40, 50]);
});

describe('the history of a principal', () => {
  const page = (body: object): Response => Response.json(body);

  it('is read backwards until it covers the time that is asked for', async () => {
    const asked: string[] = [];
    const request = async (path: string): Promise<Response> => {
      asked.push(decodeURIComponent(path));
      return asked.length === 1
        ? page({ events: [presence('online', 40)], cursor: '9-0', earlier: `${at(35)}-0` })
        : page({
            events: [presence('offline', 5), presence('offline', 20)],
            cursor: '8-0',
            earlier: `${at(5)}-0`,
          });
    };
    const history = await readHistory(request, 'user:a.b', at(10));
    expect(history).toEqual({
      events: [presence('offline', 20), presence('online', 40)],
      from: at(10),
      cursor: '9-0',
    });
    expect(asked[0]).toContain('pattern=presence.*.user:a\\1b&pattern=connections.*.user:a\\1b');
    expect(asked[1]).toContain(`until=${at(35)}-0`);
    expect(asked).toHaveLength(2);
  });

  it('says from when on it is whole, where the log is too long to be read to its end', async () => {
    let pages = 0;
    const request = async (): Promise<Response> =>
      page({ events: [], cursor: '9-0', earlier: `${at(50) - 1_000 * ++pages}-0` });
    const history = await readHistory(request, 'user:ada', at(0));
    expect(pages).toBe(12);
    expect(history.from).toBe(at(50) - 12_000);
  });
});
