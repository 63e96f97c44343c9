/** The commands of DRP and their acks. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { equal, faultIn, fieldsOf, has, numbers } from '../frames.ts';
import type { Socket } from '../socket.ts';
import { eventOf, FIELDS, FORM, heard, keysOf, PATH, registered, say } from './drp-socket.ts';

const DEREGISTER = 'DRP, Websocket Access: Deregister Events';

const FACTS = 'DRP, what its server and its client do';

/** What stands in a frame that is no command: it gets no answer, and the connection stays open. */
const NO_COMMANDS = [
  'register',
  'unknown a.b.c',
  'REGISTER a.b.c',
  '{"command":"subscribe"}',
  'register\ta.b.c',
  '',
];

function acksIn(socket: Socket): number {
  return socket.frames.filter(({ text }) => fieldsOf(text)?.['Type'] === 'websocket').length;
}

export const drpCommandChecks: readonly Check[] = [
  {
    name: 'ack-register',
    says: 'Each register is acknowledged with its filter, in all seven fields.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH);
      const ack = await say(socket, 'register', `${subject.name()}.*.*`);
      expect(equal(Object.keys(ack), FIELDS), `the fields ${FIELDS.join(', ')}`);
      expect(
        has(ack, { Principal: '', Object: null, Original: null }),
        'an empty Principal, and null for both objects',
      );
      expect(faultIn(ack, FORM) === undefined, `a Time of RFC 3339; ${faultIn(ack, FORM)}`);
    },
  },
  {
    name: 'ack-deregister',
    says: 'Each deregister is acknowledged with its filter.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const socket = await registered(subject, [`${subject.name()}.*.*`]);
      const ack = await say(socket, 'deregister', `${subject.name()}.*.*`);
      expect(
        has(ack, { Principal: '', Object: null, Original: null }),
        'an empty Principal, and null for both objects',
      );
    },
  },
  {
    name: 'ack-each',
    says: 'Commands that change nothing, and filters that match nothing, get one ack each as well.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const socket = await registered(subject, [
        `${type}.*.*`,
        `${type}.*.*`,
        type,
        `${type}.x`,
        `${type}. y.*`,
      ]);
      await say(socket, 'deregister', `${type}.*.*`);
      await say(socket, 'deregister', `${type}.*.*`);
      await say(socket, 'register', `${type}.last.*`);
      expect(acksIn(socket) === 8, `8 acks for 8 commands; ${acksIn(socket)} came`);
    },
  },
  {
    name: 'ack-before-events',
    says: 'The ack comes before the first event that the filter admits.',
    place: FACTS,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const socket = await subject.open(PATH);
      socket.send(`register ${type}.*.*`);
      await subject.publish(...numbers(5).map((i) => eventOf(type, `k${i}`)));
      await subject.publish(eventOf(type, 'last'));
      await heard(socket, eventOf(type, 'last'));
      expect(
        fieldsOf(socket.frames[0]?.text ?? '')?.['Type'] === 'websocket',
        'the ack as the first message',
      );
    },
  },
  {
    name: 'ignores-others',
    says: 'What is no command gets no answer, and the connection stays open.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH);
      for (const said of NO_COMMANDS) socket.send(said);
      await say(socket, 'register', `${subject.name()}.*.*`);
      await socket.settle();
      expect(socket.frames.length === 1, 'no answer but the ack of a command after them');
    },
  },
  {
    name: 'ignores-binary',
    says: 'A binary frame is ignored.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH);
      socket.sendBinary(Buffer.from('register a.b.c'));
      await say(socket, 'register', `${subject.name()}.*.*`);
      expect(acksIn(socket) === 1, 'no ack for a binary frame');
    },
  },
  {
    name: 'deregister',
    says: 'After a deregister, which looks like the register, the events do not come any more.',
    place: DEREGISTER,
    needs: ['token', 'publish'],
    async run(subject) {
      const [type, other] = [subject.name(), subject.name()];
      const socket = await registered(subject, [`${type}.*.*`, `${other}.*.*`]);
      await subject.publish(eventOf(type, 'before'));
      await heard(socket, eventOf(type, 'before'));
      await say(socket, 'deregister', `${type}.*.*`);
      await subject.publish(eventOf(type, 'after'), eventOf(other, 'a'));
      await heard(socket, eventOf(other, 'a'));
      await subject.publish(eventOf(type, 'after'), eventOf(other, 'b'));
      await heard(socket, eventOf(other, 'b'));
      expect(equal(keysOf(socket, type), ['before']), 'no event after the deregister');
    },
  },
];
