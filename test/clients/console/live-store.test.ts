import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Item } from '../../../src/clients/sdk/item.ts';
import type {
  EventSource,
  HistoryPage,
  LiveItems,
} from '../../../src/clients/console/src/live/event-source.ts';
import { LiveStore } from '../../../src/clients/console/src/live/live-store.ts';
import { compareCursors } from '../../../src/model/cursor.ts';

/** As many rows as a screen shows. */
const SCREEN = 30;
/** So many small events are held at most. */
const HELD = 1_500;
const CHARS = 1_000;

interface Logged {
  readonly id: string | undefined;
  readonly text: string;
}

/** A hub in memory: its log, and one list that listens to it. */
class FakeLog implements EventSource {
  readonly all: Logged[] = [];
  /** Events before this one are not in the log any more. */
  from = 0;
  fails = false;
  #wake: (() => void) | undefined;

  publish(count: number, isLogged = true): void {
    for (let i = 0; i < count; i++) {
      const number = this.all.length;
      const id = isLogged ? `1000-${number}` : undefined;
      this.all.push({ id, text: `${number}`.padEnd(CHARS - 100, ' ') });
    }
    this.#wake?.();
  }

  listen(since: string | undefined, signal: AbortSignal): LiveItems {
    let cursor = since;
    let at = this.all.findLastIndex(({ id }) => isBefore(id, since)) + 1;
    const next = async (): Promise<IteratorResult<Item>> => {
      while (!signal.aborted) {
        const event = this.all[at];
        if (event !== undefined) {
          at++;
          cursor = event.id ?? cursor;
          const value = { ...event, time: '', type: 'test', action: 'run', key: 'k', object: null } as Item;
          return { value, done: false };
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => resolve());
        });
      }
      return { value: undefined, done: true };
    };
    return {
      ready: Promise.resolve(),
      position: undefined,
      get cursor() {
        return cursor;
      },
      [Symbol.asyncIterator]: () => ({ next }),
    };
  }

  async page({ since, until, limit }: Parameters<EventSource['page']>[0]): Promise<HistoryPage> {
    await Promise.resolve();
    if (this.fails) throw new Error('The log could not be read.');
    const kept = this.all.slice(this.from).filter(({ id }) => id !== undefined);
    const rows = kept.map((event) => ({ kind: 'event' as const, ...event }));
    const end = this.all.findLast(({ id }) => id !== undefined)?.id ?? '0-0';
    if (since === undefined) {
      const older = rows.filter(({ id }) => until === undefined || (isBefore(id, until) && id !== until));
      const page = older.slice(-limit);
      return {
        rows: page,
        cursor: end,
        more: false,
        earlier: older.length > limit ? page[0]?.id : undefined,
      };
    }
    const after = rows.filter(({ id }) => !isBefore(id, since));
    const page = after.slice(0, limit);
    return { rows: page, cursor: page.at(-1)?.id ?? since, more: after.length > limit, earlier: undefined };
  }
}

function isBefore(id: string | undefined, position: string | undefined): boolean {
  return position === undefined || (id !== undefined && compareCursors(id, position) <= 0);
}

function startStore(log: FakeLog, now = (): number => 0): LiveStore {
  const store = new LiveStore({
    source: log,
    admits: () => undefined,
    nextFrame: queueMicrotask,
    now,
    maxChars: HELD * CHARS,
  });
  store.start();
  onTestFinished(() => store.stop());
  return store;
}

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Looks at the end, as somebody does who scrolls there. */
async function lookAtEnd(store: LiveStore): Promise<void> {
  await settle();
  const { end, isPaused } = store.view();
  store.look(end - SCREEN, end, !isPaused);
  await settle();
}

/** The numbers of all events, as somebody sees them who scrolls from the beginning of the log to the end. */
async function readThrough(store: LiveStore): Promise<number[]> {
  const seen: number[] = [];
  if (store.view().isPaused) store.follow();
  await settle();
  for (;;) {
    const { origin, older } = store.view();
    store.look(origin, origin + SCREEN, false);
    await settle();
    if (older.isEnd && store.view().origin === origin) break;
  }
  let at = store.view().origin;
  for (; at < store.view().end; at += SCREEN) {
    store.look(at, at + SCREEN, false);
    await settle();
    for (const number of onScreen(store, at)) if (typeof number === 'number') seen.push(number);
  }
  return seen;
}

/** The numbers of the events on the screen. */
function onScreen(store: LiveStore, first: number): unknown[] {
  return Array.from({ length: SCREEN }, (_none, i) => {
    const row = store.at(first + i);
    return row?.kind === 'event' ? Number.parseInt(row.text, 10) : row?.kind;
  });
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_none, i) => i);

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.nat(1_200) }) },
  fc.record({ do: fc.constant('scroll' as const), to: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.constantFrom({ do: 'pause' }, { do: 'follow' }, { do: 'end' }, { do: 'away' }, { do: 'back' } as const),
);

describe('a list of live events', () => {
  it('has every event once and in order, whatever was paused, scrolled and held meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
        const log = new FakeLog();
        log.publish(500);
        const store = startStore(log);
        await lookAtEnd(store);
        for (const each of actions) {
          if ('count' in each) log.publish(each.count);
          else if ('to' in each) {
            const { origin, end } = store.view();
            const at = Math.floor(origin + each.to * (end - origin));
            store.look(at, at + SCREEN, false);
          } else if (each.do === 'pause') store.pause();
          else if (each.do === 'follow') store.follow();
          else if (each.do === 'away') store.stop();
          else if (each.do === 'back') store.start();
          else await lookAtEnd(store);
          await settle();
        }
        store.start();
        await settle();
        expect(await readThrough(store)).toEqual(upTo(log.all.length));
        store.stop();
      }),
      { numRuns: 30 },
    );
  });

  it('counts exactly what came during a pause, and says how many of these only the history has', async () => {
    const log = new FakeLog();
    log.publish(100);
    const store = startStore(log);
    await lookAtEnd(store);
    store.pause();
    log.publish(10 * HELD);
    await lookAtEnd(store);
    const { waiting, inHistory, end, origin } = store.view();
    expect(waiting).toBe(10 * HELD);
    expect(inHistory).toBeGreaterThan(8 * HELD);
    expect(inHistory).toBeLessThan(10 * HELD);
    expect(end - origin).toBe(100);
    expect(await readThrough(store)).toEqual(upTo(100 + 10 * HELD));
  });

  it('shows the same rows during a pause, however many events come', async () => {
    const log = new FakeLog();
    log.publish(2 * HELD);
    const store = startStore(log);
    await lookAtEnd(store);
    store.pause();
    const first = store.view().end - SCREEN;
    const before = onScreen(store, first);
    for (let i = 0; i < 10; i++) {
      log.publish(HELD);
      await lookAtEnd(store);
      expect(onScreen(store, first)).toEqual(before);
    }
  });

  it('shows the same rows at their positions while older events are read above them', async () => {
    const log = new FakeLog();
    log.publish(2 * HELD);
    const store = startStore(log);
    await lookAtEnd(store);
    const { origin } = store.view();
    const before = onScreen(store, origin);
    store.look(origin, origin + SCREEN, false);
    await settle();
    expect(store.view().origin).toBe(origin - 200);
    expect(onScreen(store, origin)).toEqual(before);
  });

  it('says how many live-only events had no room, since no history has them', async () => {
    const log = new FakeLog();
    log.publish(100);
    const store = startStore(log);
    await lookAtEnd(store);
    store.pause();
    log.publish(2 * HELD, false);
    log.publish(2 * HELD);
    await settle();
    expect(store.view().waiting).toBe(4 * HELD);
    store.follow();
    await settle();
    expect(store.view().older.gone).toBe(2 * HELD);
  });

  it('says that older events could not be read, and reads them when asked again', async () => {
    const log = new FakeLog();
    log.publish(1_000);
    const store = startStore(log);
    await lookAtEnd(store);
    const { origin } = store.view();
    log.fails = true;
    store.look(origin, origin + SCREEN, false);
    await settle();
    expect(store.view().past).toMatchObject({
      status: 'failed',
      error: new Error('The log could not be read.'),
    });
    log.fails = false;
    store.retry();
    store.look(origin, origin + SCREEN, false);
    await settle();
    expect(store.view()).toMatchObject({ origin: origin - 200, past: { status: 'idle' } });
  });

  it('shows the end at once after a long absence, and reads what came meanwhile when somebody scrolls there', async () => {
    const log = new FakeLog();
    log.publish(100);
    let now = 0;
    const store = startStore(log, () => now);
    await lookAtEnd(store);
    store.stop();
    log.publish(5_000);
    now = 600_000;
    store.start();
    await lookAtEnd(store);
    expect(store.view().end - store.view().origin).toBe(200);
    log.publish(10);
    await settle();
    expect(await readThrough(store)).toEqual(upTo(5_110));
  });

  it('is empty after it was cleared, goes on with what comes, and shows what was when asked to', async () => {
    const log = new FakeLog();
    log.publish(1_000);
    const store = startStore(log);
    await lookAtEnd(store);
    store.clear();
    await lookAtEnd(store);
    expect(store.view().end - store.view().origin).toBe(0);
    log.publish(5);
    await lookAtEnd(store);
    expect(store.view().end - store.view().origin).toBe(5);
    store.openPast();
    expect(await readThrough(store)).toEqual(upTo(1_005));
  });
});
