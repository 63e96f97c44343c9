/** What is too much or malformed for the Provisioning Platform. */
import type { Check } from '../check.ts';
import { expect, Failed } from '../outcome.ts';
import { fieldsOf, numbers } from '../frames.ts';
import { type Ended, Socket } from '../socket.ts';
import { answer, pong } from './provisioning-events.ts';

const DOC = 'Provisioning, WebSocket API';

const LIMITS = `${DOC}: Rate Limiting`;

const VALIDATION = `${DOC}: Message Validation`;

const CONNECTIONS = 10;

const MESSAGES_A_SECOND = 100;

const SUBSCRIPTIONS = 50;

/** What came of a bad token: an error, or the end of the connection. */
async function isError(socket: Socket, patienceMs: number): Promise<Ended | 'error' | undefined> {
  const told = await socket.within(patienceMs, () =>
    socket.frames.some(({ text }) => fieldsOf(text)?.['type'] === 'error') ? 'error' : undefined,
  );
  return told ?? (socket.isOpen ? undefined : socket.ended);
}

export const provisioningLimitChecks: readonly Check[] = [
  ...[
    { name: 'malformed-json', said: '{"type":', what: 'no JSON' },
    { name: 'malformed-type', said: '{"type":7}', what: 'no type' },
    { name: 'malformed-events', said: '{"type":"subscribe","events":7}', what: 'events that are no list' },
  ].map(({ name, said, what }): Check => ({
    name,
    says: `A message with ${what} is rejected.`,
    place: VALIDATION,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open();
      socket.send(said);
      const came = await isError(socket, subject.server.patienceMs);
      if (came === undefined) throw new Failed('a message of the type error, or the end of the connection');
      return came === 'error' ? 'told by an error' : `closed with ${came.code}`;
    },
  })),
  {
    name: 'limit-subscriptions',
    says: `A connection may have ${SUBSCRIPTIONS} subscriptions.`,
    place: LIMITS,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open('/ws', { query: { events: 'task' } });
      await pong(socket);
      const types = numbers(SUBSCRIPTIONS).map((i) => `Conformance${i}`);
      socket.send({ type: 'subscribe', events: types.slice(1) });
      await pong(socket);
      expect(
        !socket.frames.some(({ text }) => fieldsOf(text)?.['type'] === 'error'),
        `no error for ${SUBSCRIPTIONS}`,
      );
      socket.send({ type: 'subscribe', events: types.slice(0, 1) });
      const came = await isError(socket, subject.server.patienceMs);
      expect(
        came !== undefined,
        `an error for subscription ${SUBSCRIPTIONS + 1}, or the end of the connection`,
      );
    },
  },
  {
    name: 'limit-messages',
    says: `A client may send ${MESSAGES_A_SECOND} messages a second.`,
    place: LIMITS,
    needs: ['token', 'limits'],
    async run(subject) {
      const socket = await subject.open();
      for (let i = 0; i < MESSAGES_A_SECOND * 3; i++) socket.send({ type: 'ping' });
      const came = await isError(socket, subject.server.patienceMs);
      if (came === undefined)
        throw new Failed(`an error or the end of the connection after ${MESSAGES_A_SECOND} messages`);
      const pongs = socket.frames.filter(({ text }) => fieldsOf(text)?.['type'] === 'pong').length;
      expect(
        pongs >= MESSAGES_A_SECOND / 2,
        `that ${MESSAGES_A_SECOND} messages are permitted; ${pongs} were answered`,
      );
      expect(pongs < MESSAGES_A_SECOND * 3, `that no more than ${MESSAGES_A_SECOND} a second are answered`);
      return `${pongs} were answered, then ${came === 'error' ? 'an error' : `close ${came.code}`}`;
    },
  },
  {
    name: 'limit-connections',
    says: `A user may have ${CONNECTIONS} connections.`,
    place: LIMITS,
    needs: ['token', 'limits'],
    async run(subject) {
      let open = 0;
      for (let i = 0; i <= CONNECTIONS; i++) {
        const opened = await subject.attempt();
        if (!(opened instanceof Socket)) break;
        opened.send({ type: 'ping' });
        if ((await answer(opened, 'pong').catch(() => undefined)) === undefined) break;
        open++;
      }
      expect(open <= CONNECTIONS, `at most ${CONNECTIONS} connections; ${open} opened`);
      expect(open > 0, 'at least one connection');
      return `${open} opened`;
    },
  },
];
