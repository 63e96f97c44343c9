/** Who may open a native socket, for how long, and what is too much. */
import type { Check } from '../check.ts';
import { expect, Failed } from '../outcome.ts';
import { fieldsOf, has } from '../frames.ts';
import { slowClient } from '../shared-checks.ts';
import { wait } from '../time.ts';
import { eventOf, expectRefused, numberIn, PATH, say, subscribed } from './native-socket.ts';

const OPEN = 'Belfry, Native: Open a socket';

const CODES = 'Belfry, Close codes';

const LIMITS = 'Belfry, Limits';

const BAD_TOKEN = 'e30.e30.e30';

const SIGN_IN_MS = 10_000;

const SIGN_IN_BYTES = 4_096;

const COMMANDS_A_SECOND = 1_000;

const EXPIRES_S = 4;

const LEEWAY_MS = 15_000;
const LATE_MS = 2_500;

export const nativeAccessChecks: readonly Check[] = [
  {
    name: 'token-in-header',
    says: 'The token travels in the header Authorization.',
    place: OPEN,
    needs: ['token'],
    async run(subject) {
      await say(await subject.open(PATH), 'ping');
    },
  },
  {
    name: 'token-in-url',
    says: 'The token travels in the URL.',
    place: OPEN,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH, { token: null, query: { token: subject.token } });
      await say(socket, 'subscribe', { patterns: [`${subject.name()}.*.*`] });
    },
  },
  {
    name: 'token-in-subprotocol',
    says: 'The token travels among the subprotocols, and the hub answers belfry.v1.',
    place: OPEN,
    needs: ['token'],
    async run(subject) {
      const protocols = ['belfry.v1', `belfry.token.${subject.token}`];
      const socket = await subject.open(PATH, { token: null, protocols });
      expect(socket.protocol === 'belfry.v1', 'the subprotocol belfry.v1');
      await say(socket, 'subscribe', { patterns: [`${subject.name()}.*.*`] });
    },
  },
  {
    name: 'token-by-command',
    says: 'The token travels in the first command, which is answered with principal and end.',
    place: OPEN,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open(PATH, { token: null });
      const reply = await say(socket, 'auth', { token: subject.token });
      expect(
        typeof reply['principal'] === 'string' && Object.hasOwn(reply, 'expiresAt'),
        'principal and expiresAt',
      );
      await say(socket, 'subscribe', { patterns: [`${subject.name()}.*.*`] });
    },
  },
  {
    name: 'token-bad',
    says: 'A bad token is answered with 401 and no upgrade.',
    place: OPEN,
    async run(subject) {
      const { status } = await subject.refused(PATH, { token: BAD_TOKEN }, '401');
      expect(status === 401, '401');
    },
  },
  {
    name: 'before-sign-in',
    says: 'Before it has signed in a client may send only auth and ping.',
    place: OPEN,
    async run(subject) {
      const socket = await subject.open(PATH, { token: null });
      await say(socket, 'ping');
      socket.send({ id: 'early', command: 'subscribe', patterns: ['x.*.*'] });
      const wasTold = await socket.within(
        subject.server.patienceMs,
        () =>
          socket.frames.some(({ text }) =>
            has(fieldsOf(text), { type: 'belfry', action: 'error', key: 'early' }),
          ) || undefined,
      );
      expect(wasTold === true || !socket.isOpen, 'an error, or the end of the connection');
    },
  },
  {
    name: 'before-sign-in-size',
    says: 'Before it has signed in a client may send frames of 4 KB, and more ends the connection with 1009.',
    place: OPEN,
    async run(subject) {
      const socket = await subject.open(PATH, { token: null });
      await say(socket, 'ping', { filling: 'x'.repeat(SIGN_IN_BYTES - 200) }).catch(() => undefined);
      expect(socket.isOpen, `that a frame of less than ${SIGN_IN_BYTES} bytes is permitted`);
      socket.send('x'.repeat(SIGN_IN_BYTES + 1));
      const ended = await socket.endWithin(subject.server.patienceMs);
      expect(ended?.code === 1009, 'the close code 1009');
    },
  },
  {
    name: 'sign-in-time',
    says: 'A client that does not sign in within ten seconds is closed with 1013, after which it may come back.',
    place: OPEN,
    needs: ['time'],
    async run(subject) {
      const socket = await subject.open(PATH, { token: null });
      const ended = await socket.endWithin(SIGN_IN_MS + 5_000);
      if (ended === undefined) throw new Failed('the end of the connection after 10 s');
      expect(ended.code === 1013, 'the close code 1013');
      expect(ended.at - socket.openedAt > SIGN_IN_MS - 2_000, 'ten seconds to sign in');
    },
  },
  {
    name: 'token-ends',
    says: 'When its token expires a connection is closed with 4001.',
    place: CODES,
    needs: ['secret'],
    async run(subject) {
      const socket = await subject.open(PATH, { token: subject.mint({}, EXPIRES_S) });
      const ended = await socket.endWithin(EXPIRES_S * 1_000 + LEEWAY_MS);
      expect(ended?.code === 4001, 'the close code 4001');
    },
  },
  {
    name: 'token-renewed',
    says: 'A token that is renewed by auth keeps the connection open.',
    place: 'Belfry, Native: Commands',
    needs: ['secret'],
    async run(subject) {
      const token = subject.mint({}, EXPIRES_S);
      const [renewed, control] = [await subject.open(PATH, { token }), await subject.open(PATH, { token })];
      await say(renewed, 'auth', { token: subject.mint({}) });
      expect(
        (await control.endWithin(EXPIRES_S * 1_000 + LEEWAY_MS)) !== undefined,
        'the end of the one not renewed',
      );
      // Both had the same token, and a server may look for ended ones once a second.
      await wait(subject.time, LATE_MS);
      expect(renewed.isOpen, 'that the renewed connection stays open');
      await say(renewed, 'ping');
    },
  },
  {
    name: 'grants',
    says: 'A token that names patterns permits these: the rest is answered with forbidden.',
    place: 'Belfry, Native: Commands',
    needs: ['secret'],
    async run(subject) {
      const type = subject.name();
      const token = subject.mint({ role: undefined, roles: [], subscribe: [`${type}.*.*`], publish: [] });
      const socket = await subscribed(subject, [`${type}.*.*`], {}, { token });
      await expectRefused(socket, { command: 'subscribe', patterns: [`${type}-2.*.*`] }, 'forbidden');
      await expectRefused(socket, { command: 'publish', events: [eventOf(type)] }, 'forbidden');
    },
  },
  {
    name: 'limit-commands',
    says: `A client that sends more than ${COMMANDS_A_SECOND} commands a second is closed with 4029.`,
    place: LIMITS,
    needs: ['token', 'limits'],
    async run(subject) {
      const socket = await subject.open(PATH);
      for (let id = 0; id < COMMANDS_A_SECOND * 3; id++) socket.send({ id, command: 'ping' });
      const ended = await socket.endWithin(subject.server.patienceMs);
      expect(ended?.code === 4029, 'the close code 4029');
    },
  },
  {
    name: 'slow-close',
    says: 'A client that does not read is closed with 4008, and holds up nobody.',
    place: LIMITS,
    needs: ['token', 'publish', 'limits'],
    async run(subject) {
      const type = subject.name();
      return slowClient(
        subject,
        () => subscribed(subject, [`${type}.*.*`]),
        (number, filling) => eventOf(type, 'one', { number, filling }),
        numberIn(type),
        [4008],
      );
    },
  },
];
