/** The commands of Belfry's own protocol and their answers. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { equal, faultIn } from '../frames.ts';
import { eventOf, eventsOf, expectRefused, heard, PATH, say, subscribed, told } from './native-socket.ts';

const COMMANDS = 'Belfry, Native: Commands';

export const nativeCommandChecks: readonly Check[] = [
  {
    name: 'subscribe',
    says: 'A subscribe is answered with its patterns and a cursor, before the first event that it admits.',
    place: COMMANDS,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const pattern = `${type}.*.*`;
      const socket = await subject.open(PATH);
      const reply = await say(socket, 'subscribe', { patterns: [pattern] });
      const fault = faultIn(reply, { patterns: 'list', cursor: 'text' });
      expect(
        fault === undefined && equal(reply['patterns'], [pattern]),
        `the patterns and a cursor; ${fault}`,
      );
      await subject.publish(eventOf(type));
      await heard(socket, eventOf(type));
      expect(socket.frames.length === 2, 'the reply and the event, and nothing else');
    },
  },
  {
    name: 'unsubscribe',
    says: 'After an unsubscribe, which is answered with its patterns, the events do not come any more.',
    place: COMMANDS,
    needs: ['token', 'publish'],
    async run(subject) {
      const [type, other] = [subject.name(), subject.name()];
      const socket = await subscribed(subject, [`${type}.*.*`, `${other}.*.*`]);
      const reply = await say(socket, 'unsubscribe', { patterns: [`${type}.*.*`] });
      expect(equal(reply['patterns'], [`${type}.*.*`]), 'the patterns');
      await subject.publish(eventOf(type), eventOf(other));
      await heard(socket, eventOf(other));
      await subject.publish(eventOf(type), eventOf(other, 'two'));
      await heard(socket, eventOf(other, 'two'));
      expect(eventsOf(socket, type).length === 0, 'no event after the unsubscribe');
    },
  },
  {
    name: 'publish',
    says: 'A publish is answered with the ids of its events, which are theirs at every subscriber.',
    place: COMMANDS,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const listener = await subscribed(subject, [`${type}.*.*`]);
      const events = ['a', 'b'].map((key) => eventOf(type, key));
      const { ids } = await say(await subject.open(PATH), 'publish', { events });
      const came = [await heard(listener, eventOf(type, 'a')), await heard(listener, eventOf(type, 'b'))];
      expect(
        equal(
          ids,
          came.map(({ id }) => id),
        ),
        'the same ids in the answer and in the events',
      );
    },
  },
  {
    name: 'publish-once',
    says: 'A publish that is repeated with its idempotency key gets the same ids, and its event comes once.',
    place: COMMANDS,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const socket = await subscribed(subject, [`${type}.*.*`]);
      const command = { events: [eventOf(type)], idempotencyKey: subject.name() };
      const publisher = await subject.open(PATH);
      const first = await say(publisher, 'publish', command);
      const again = await say(publisher, 'publish', command);
      await say(publisher, 'publish', { events: [eventOf(type, 'last')] });
      await heard(socket, eventOf(type, 'last'));
      expect(equal(first['ids'], again['ids']), 'the same ids');
      expect(eventsOf(socket, type).length === 2, 'the event once');
    },
  },
  {
    name: 'ping-command',
    says: 'A ping is answered with a cursor.',
    place: COMMANDS,
    needs: ['token'],
    async run(subject) {
      const { cursor } = await say(await subject.open(PATH), 'ping');
      expect(typeof cursor === 'string' && cursor !== '', 'a cursor');
    },
  },
  {
    name: 'command-ids',
    says: 'The id of a command, a number or a text, comes back as the key of its answer, which is empty without one.',
    place: COMMANDS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH);
      for (const id of [7, 'seven']) {
        socket.send({ id, command: 'ping' });
        await told(socket, 'ping', `${id}`);
      }
      socket.send({ command: 'ping' });
      await told(socket, 'ping', '');
    },
  },
  ...[
    ['command', { command: 'fly' }, 'command_invalid'],
    ['pattern', { command: 'subscribe', patterns: ['one-part'] }, 'pattern_invalid'],
    ['event', { command: 'publish', events: [{ type: 'x' }] }, 'event_invalid'],
    [
      'reserved-type',
      { command: 'publish', events: [{ type: 'belfry', action: 'a', key: 'k' }] },
      'type_reserved',
    ],
    ['filter', { command: 'subscribe', patterns: ['x.*.*'], filters: { 'object.a': {} } }, 'filter_invalid'],
  ].map((row): Check => {
    const [what, command, code] = row as [string, object, string];
    return {
      name: `refuses-${what}`,
      says: `What cannot be done is answered with ${code}, and the connection stays open.`,
      place: COMMANDS,
      needs: ['token'],
      run: async (subject) => expectRefused(await subject.open(PATH), command, code),
    };
  }),
  {
    name: 'refuses-malformed',
    says: 'A frame that is no JSON is answered with json_invalid, and the connection stays open.',
    place: COMMANDS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH);
      socket.send('{"id":');
      expect((await told(socket, 'error', ''))['code'] === 'json_invalid', 'the code json_invalid');
      await say(socket, 'ping');
    },
  },
];
