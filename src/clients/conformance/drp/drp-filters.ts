/** What the filters of DRP admit. */
import type { Check } from '../check.ts';
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal } from '../frames.ts';
import { eventOf, heard, keysOf, registered } from './drp-socket.ts';

const REGISTER = 'DRP, Websocket Access: Register for Events';

const FACTS = 'DRP, what its server and its client do';

interface Filter {
  readonly name: string;
  readonly says: string;
  readonly place: string;
  /** The filter, where `T` is the type of this check. */
  readonly filter: string;
  readonly passes: readonly (readonly [action: string, key: string])[];
  readonly stops: readonly (readonly [action: string, key: string])[];
}

const FILTERS: readonly Filter[] = [
  {
    name: 'filter-type',
    says: 'register type.*.* sends the events of that type.',
    place: REGISTER,
    filter: 'T.*.*',
    passes: [
      ['create', 'a'],
      ['save', 'b'],
    ],
    stops: [],
  },
  {
    name: 'filter-action',
    says: 'register type.action.* sends only that action.',
    place: REGISTER,
    filter: 'T.save.*',
    passes: [['save', 'a']],
    stops: [['create', 'a']],
  },
  {
    name: 'filter-key',
    says: 'register type.*.key sends only that key.',
    place: REGISTER,
    filter: 'T.*.a',
    passes: [['save', 'a']],
    stops: [
      ['save', 'b'],
      ['save', 'A'],
    ],
  },
  {
    name: 'filter-key-with-dots',
    says: 'The key is everything after the second dot, and may hold dots.',
    place: FACTS,
    filter: 'T.*.web-1.example.com',
    passes: [['save', 'web-1.example.com']],
    stops: [['save', 'web-1']],
  },
  {
    name: 'filter-list',
    says: 'Each part may be a list of values with commas between them.',
    place: FACTS,
    filter: 'T.save,update.a,b',
    passes: [
      ['save', 'a'],
      ['update', 'b'],
    ],
    stops: [
      ['create', 'a'],
      ['save', 'c'],
    ],
  },
  {
    name: 'filter-escapes',
    says: 'In a filter \\1 stands for a dot, \\2 for a comma and \\3 for a star.',
    place: FACTS,
    filter: 'T.*.a\\1b,c\\2d,\\3',
    passes: [
      ['save', 'a.b'],
      ['save', 'c,d'],
      ['save', '*'],
    ],
    stops: [['save', 'x']],
  },
];

const filterChecks = FILTERS.map(({ name, says, place, filter, passes, stops }): Check => ({
  name,
  says,
  place,
  needs: ['token', 'publish'],
  async run(subject) {
    const type = subject.name();
    const marker = `${subject.name()}-marker`;
    const socket = await registered(subject, [filter.replace(/^T/, type), `${type}.*.${marker}`]);
    const made = ([action, key]: readonly [string, string]): Caused => ({ ...eventOf(type, key), action });
    await subject.publish(...[...stops, ...passes].map(made));
    for (const each of passes) await heard(socket, made(each));
    await subject.publish(...stops.map(made), eventOf(type, marker));
    await heard(socket, eventOf(type, marker));
    const came = keysOf(socket, type).length - 1;
    expect(
      came === passes.length,
      `${passes.length} events that the filter admits and no other; ${came} came`,
    );
  },
}));

export const drpFilterChecks: readonly Check[] = [
  ...filterChecks,
  {
    name: 'filter-everything',
    says: 'register *.*.* sends every event that the user can see.',
    place: REGISTER,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const socket = await registered(subject, ['*.*.*']);
      await subject.publish(eventOf(type, 'a'), eventOf(`${type}-2`, 'b'));
      await heard(socket, eventOf(type, 'a'));
      await heard(socket, eventOf(`${type}-2`, 'b'));
    },
  },
  {
    name: 'filter-several',
    says: 'Several registers are allowed, and an event that fits more than one comes once.',
    place: REGISTER,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const socket = await registered(subject, [`${type}.*.a`, `${type}.save.*`, `${type}.*.*`]);
      await subject.publish(eventOf(type, 'a'));
      await subject.publish(eventOf(type, 'last'));
      await heard(socket, eventOf(type, 'last'));
      expect(equal(keysOf(socket, type), ['a', 'last']), 'each event once');
    },
  },
];
