/** Who may open a socket of the Provisioning Platform, and hear what. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import { wait } from '../time.ts';
import { eventOf, eventsOf, heard, pong } from './provisioning-events.ts';

const DOC = 'Provisioning, WebSocket API';

const AUTH = `${DOC}: JWT Token Authentication`;

const HANDLER = `${DOC}: Rust WebSocket Handler`;

const ERRORS = `${DOC}: Connection Errors`;

const EXPIRES_S = 4;

/** How far the clocks of two machines may differ. */
const LEEWAY_MS = 15_000;
const LATE_MS = 2_500;

const REFUSED = 1008;

const EXPIRED = 4001;

const BAD_TOKEN = 'e30.e30.e30';

const roles = (role: string): object => ({ role, roles: [role] });

/** An event type that only some roles may receive. */
function roleCheck(eventType: string, permitted: readonly string[], denied: readonly string[]): Check {
  return {
    name: `role-${eventType === 'LogEntry' ? 'log' : 'system'}`,
    says: `${eventType} reaches ${permitted.join(' and ')}, and no other role.`,
    place: HANDLER,
    needs: ['secret', 'publish'],
    async run(subject) {
      for (const role of permitted) await expectHears(subject, eventType, role, true);
      for (const role of denied) await expectHears(subject, eventType, role, false);
    },
  };
}

async function expectHears(subject: Subject, eventType: string, role: string, hears: boolean): Promise<void> {
  const name = subject.name();
  const socket = await subject.open('/ws', {
    token: subject.mint({ ...roles(role), sub: 'user:conformance' }),
  });
  await pong(socket);
  await subject.publish(eventOf(eventType, name), eventOf('TaskStatusChanged', name));
  if (hears) await heard(socket, eventOf(eventType, name));
  else {
    await heard(socket, eventOf('TaskStatusChanged', name));
    await subject.publish(eventOf('TaskStatusChanged', name));
    await heard(socket, eventOf('TaskStatusChanged', name));
    const types = eventsOf(socket, name).map((event) => event['event_type']);
    expect(!types.includes(eventType), `no ${eventType} for the role ${role}`);
  }
}

export const provisioningAccessChecks: readonly Check[] = [
  {
    name: 'token-in-url',
    says: 'A socket opens with the token in the URL.',
    place: AUTH,
    needs: ['token'],
    async run(subject) {
      await pong(await subject.open());
    },
  },
  {
    name: 'token-by-message',
    says: 'A client may send its token in the message auth after it connected.',
    place: AUTH,
    needs: ['token', 'publish'],
    async run(subject) {
      const socket = await subject.open('/ws', { token: null });
      socket.send({ type: 'auth', token: subject.token });
      await pong(socket);
      const event = eventOf('TaskStatusChanged', subject.name());
      await subject.publish(event);
      await heard(socket, event);
    },
  },
  {
    name: 'token-bad',
    says: 'A bad token in the URL is answered with 401 and no upgrade.',
    place: HANDLER,
    async run(subject) {
      for (const path of ['/ws', '/metrics', '/logs']) {
        const { status } = await subject.refused(path, { token: BAD_TOKEN }, `401 at ${path}`);
        expect(status === 401, `401 at ${path}`);
      }
    },
  },
  {
    name: 'token-expired',
    says: 'A token that has expired is answered with 401 and no upgrade.',
    place: HANDLER,
    needs: ['secret'],
    async run(subject) {
      const { status } = await subject.refused('/ws', { token: subject.mint({}, -60) }, '401');
      expect(status === 401, '401');
    },
  },
  {
    name: 'token-missing',
    says: 'A client without a token receives no event.',
    place: AUTH,
    needs: ['token', 'publish'],
    async run(subject) {
      const [name, control] = [subject.name(), await subject.open()];
      const opened = await subject.attempt('/ws', { token: null });
      if (!(opened instanceof Socket)) {
        expect(opened.status === 401, '401, or a socket that waits for auth');
        return;
      }
      await pong(control);
      await subject.publish(eventOf('TaskStatusChanged', name));
      await heard(control, eventOf('TaskStatusChanged', name));
      if (opened.isOpen) await opened.settle();
      expect(eventsOf(opened, name).length === 0, 'no event');
    },
  },
  {
    name: 'token-bad-by-message',
    says: 'A bad token in the message auth ends the connection with 1008, so that the client gets another.',
    place: ERRORS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open('/ws', { token: null });
      socket.send({ type: 'auth', token: BAD_TOKEN });
      const ended = await socket.endWithin(subject.server.patienceMs);
      expect(ended?.code === REFUSED, `the close code ${REFUSED}`);
    },
  },
  {
    name: 'token-ends',
    says: 'When the token of a connection expires, it is closed with 4001.',
    place: ERRORS,
    needs: ['secret'],
    async run(subject) {
      const socket = await subject.open('/ws', { token: subject.mint({}, EXPIRES_S) });
      const ended = await socket.endWithin(EXPIRES_S * 1_000 + LEEWAY_MS);
      expect(ended?.code === EXPIRED, `the close code ${EXPIRED} once the token has expired`);
    },
  },
  {
    name: 'token-renewed',
    says: 'A token that is renewed by the message auth keeps the connection open.',
    place: HANDLER,
    needs: ['secret'],
    async run(subject) {
      const token = subject.mint({}, EXPIRES_S);
      const [renewed, control] = [await subject.open('/ws', { token }), await subject.open('/ws', { token })];
      renewed.send({ type: 'auth', token: subject.mint({}) });
      await pong(renewed);
      const ended = await control.endWithin(EXPIRES_S * 1_000 + LEEWAY_MS);
      expect(ended !== undefined, 'the end of the connection that is not renewed');
      // Both had the same token, and a server may look for ended ones once a second.
      await wait(subject.time, LATE_MS);
      expect(renewed.isOpen, 'that the renewed connection stays open');
      await pong(renewed);
    },
  },
  roleCheck('SystemHealthUpdate', ['admin'], ['developer', 'viewer']),
  roleCheck('LogEntry', ['admin', 'developer'], ['viewer']),
];
