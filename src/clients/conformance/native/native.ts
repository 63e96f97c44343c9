/** What the page of Belfry's own protocol promises. */
import { headerOf } from '../../cli/target.ts';
import type { Check, Suite } from '../check.ts';
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal, faultIn, fieldsOf, numbers } from '../frames.ts';
import { expectCut, expectOnce, expectOrder, expectPing, sequence } from '../shared-checks.ts';
import type { Subject } from '../subject.ts';
import { nativeAccessChecks } from './native-access.ts';
import { nativeCommandChecks } from './native-commands.ts';
import { nativePatternChecks } from './native-patterns.ts';
import { EVENT, eventOf, eventsOf, numberIn, PATH, subscribed } from './native-socket.ts';

const CURSORS = 'Belfry, Native: Cursors and gaps';

const OPEN = 'Belfry, Native: Open a socket';

const PINGS = 'Belfry, Native: Pings';

const VALUES = 'Belfry, Events and patterns: Values';

const PING_MS = 25_000;

const CUT_MS = 60_000;

async function counted(subject: Subject): Promise<readonly number[]> {
  const type = subject.name();
  const socket = await subscribed(subject, [`${type}.*.*`]);
  return sequence(subject, socket, (number) => eventOf(type, 'one', { number }), numberIn(type));
}

const checks: readonly Check[] = [
  {
    name: 'resume',
    says: 'After the id of an event the later ones come once and in order, then the live ones.',
    place: CURSORS,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const made = (number: number): Caused => eventOf(type, 'one', { number });
      const first = await subscribed(subject, [`${type}.*.*`]);
      await subject.publish(...numbers(6).map(made));
      await first.next('event 6', ({ text }) => numberIn(type)(text) === 6);
      const second = eventsOf(first, type)[1]?.['id'];
      expect(typeof second === 'string', 'an id in the event');
      const socket = await subscribed(subject, [`${type}.*.*`], { since: second });
      await subject.publish(made(7));
      await socket.next('event 7', ({ text }) => numberIn(type)(text) === 7);
      const came = socket.frames.flatMap(({ text }) => numberIn(type)(text) ?? []);
      expect(
        equal(came, [3, 4, 5, 6, 7]),
        `the events 3 to 7, each once and in order; ${came.join(' ')} came`,
      );
    },
  },
  {
    name: 'once',
    says: 'Each event is one frame, and comes once.',
    place: OPEN,
    needs: ['token', 'publish'],
    run: async (subject) => expectOnce(await counted(subject)),
  },
  {
    name: 'order',
    says: 'Events of one key come in the order of publishing.',
    place: CURSORS,
    needs: ['token', 'publish'],
    run: async (subject) => expectOrder(await counted(subject)),
  },
  {
    name: 'values',
    says: 'Objects come exactly as they were written.',
    place: VALUES,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const object = '{"n":18446744073709551615,"f":1.0,"e":1e400,"text":"\\u00e4\\u2028<&>","z":null}';
      const socket = await subscribed(subject, [`${type}.*.*`]);
      socket.send(
        `{"id":"v","command":"publish","events":[{"type":"${type}","action":"save","key":"k","object":${object}}]}`,
      );
      const { text } = await socket.next('the event', (frame) => fieldsOf(frame.text)?.['type'] === type);
      expect(text.includes(object), `the object ${object} to the letter`);
    },
  },
  {
    name: 'ping',
    says: 'The hub pings every 25 s.',
    place: PINGS,
    needs: ['token', 'time'],
    run: async (subject) => expectPing(subject, await subject.open(PATH), PING_MS, 3_000),
  },
  {
    name: 'pong-wait',
    says: 'A client that gives no sign of life for 60 s is cut, and one that answers is not.',
    place: PINGS,
    needs: ['token', 'time'],
    run: (subject) => expectCut(subject, PATH, {}, [CUT_MS - 5_000, CUT_MS + 10_000]),
  },
];

export const native: Suite = {
  dialect: 'native',
  system: 'Belfry',
  paths: [PATH],
  credentials: (token) => ({ headers: headerOf(token) }),
  event: ({ type, action, key, object }) => ({ type, action, key, object }),
  frames: {
    says: 'Every frame is one JSON object in the form of an event.',
    place: OPEN,
    faultOf(text) {
      const fields = fieldsOf(text);
      return fields === undefined ? 'it is not one JSON object' : faultIn(fields, EVENT);
    },
  },
  observe: (subject) => subscribed(subject, ['*.*.*']),
  checks: [...nativeAccessChecks, ...nativeCommandChecks, ...nativePatternChecks, ...checks],
};
