/** What patterns and filters admit. */
import type { Check } from '../check.ts';
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal } from '../frames.ts';
import { eventOf, eventsOf, heard, PATH, say, subscribed } from './native-socket.ts';

const FILTERS = 'Belfry, Native: Filters';

const OPEN = 'Belfry, Native: Open a socket';

const PATTERNS = 'Belfry, Events and patterns: Patterns';

interface PatternCase {
  readonly name: string;
  readonly says: string;
  readonly pattern: string;
  readonly passes: readonly string[];
  readonly stops: readonly string[];
}

const PATTERN_CASES: readonly PatternCase[] = [
  {
    name: 'pattern-key',
    says: 'A pattern with a key admits that key, which may hold dots, and no other.',
    pattern: 'T.*.web-1.example.com',
    passes: ['web-1.example.com'],
    stops: ['web-1', 'web-1.example'],
  },
  {
    name: 'pattern-list',
    says: 'A part may be a list of exact values with commas between them.',
    pattern: 'T.save,update.a,b',
    passes: ['a', 'b'],
    stops: ['c', 'A', 'a,b'],
  },
  {
    name: 'pattern-escapes',
    says: 'Inside a value \\1 stands for a dot, \\2 for a comma and \\3 for a star.',
    pattern: 'T.*.a\\1b,c\\2d,\\3',
    passes: ['a.b', 'c,d', '*'],
    stops: ['x'],
  },
];

const patternChecks = PATTERN_CASES.map(({ name, says, pattern, passes, stops }): Check => ({
  name,
  says,
  place: PATTERNS,
  needs: ['token', 'publish'],
  async run(subject) {
    const [type, last] = [subject.name(), subject.name()];
    const socket = await subscribed(subject, [pattern.replace(/^T/, type), `${type}.*.${last}`]);
    await subject.publish(...[...stops, ...passes].map((key) => eventOf(type, key)));
    for (const key of passes) await heard(socket, eventOf(type, key));
    await subject.publish(...stops.map((key) => eventOf(type, key)), eventOf(type, last));
    await heard(socket, eventOf(type, last));
    const came = eventsOf(socket, type).map(({ key }) => key);
    expect(
      equal(came, [...passes, last]),
      `the keys ${passes.join(' ')} and no other; ${came.join(' ')} came`,
    );
  },
}));

export const nativePatternChecks: readonly Check[] = [
  ...patternChecks,
  {
    name: 'filters',
    says: 'All filters must hold, each with one value or one of a list, and numbers are compared exactly.',
    place: FILTERS,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const filters = { 'object.status': ['Failed', 'Lost'], 'object.count': 3 };
      const socket = await subscribed(subject, [`${type}.*.*`], { filters });
      const made = (status: string, count: number): Caused => eventOf(type, 'one', { status, count });
      await subject.publish(
        made('Running', 3),
        made('Failed', 4),
        made('Failed', 3),
        made('Done', 3),
        made('Lost', 3),
      );
      await heard(socket, made('Failed', 3));
      await heard(socket, made('Lost', 3));
      expect(eventsOf(socket, type).length === 2, 'the two events that pass');
    },
  },
  {
    name: 'url-parameters',
    says: 'The parameters pattern and filters of the URL subscribe at once.',
    place: OPEN,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const query = { pattern: `${type}.*.*`, filters: '{"object.name":["b"]}' };
      const socket = await subject.open(PATH, { query });
      await say(socket, 'ping');
      await subject.publish(eventOf(type, 'a'), eventOf(type, 'b'));
      await heard(socket, eventOf(type, 'b'));
      expect(eventsOf(socket, type).length === 1, 'the event that passes');
    },
  },
];
