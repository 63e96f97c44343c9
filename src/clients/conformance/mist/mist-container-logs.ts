/** The log of a container. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { isFields, numbers } from '../frames.ts';
import { expectPing } from '../shared-checks.ts';
import { container, lineIn, lineOf, message, numberIn, running } from './mist-messages.ts';
import { LOGS, openStream, type Variant } from './mist-paths.ts';

const CONTAINER = 'Mist, WebSockets API: Container Logs';

const FACTS = 'Mist, what its server does';

const TAIL_LINES = 100;

const PING_MS = 30_000;

const LONG_LINE = 1_000_000;

const longLine: Check = {
  name: 'logs-long-line',
  says: 'A line may have up to 1 MB.',
  place: CONTAINER,
  needs: ['token', 'publish'],
  async run(subject) {
    const id = subject.id();
    await subject.publish(container('status', id, running));
    const socket = await openStream(subject, LOGS.document, id);
    await message(socket, 'status');
    await subject.publish(lineOf('container', id, 'x'.repeat(LONG_LINE)));
    const { text } = await socket.next('the line', (frame) => (lineIn(frame.text)?.length ?? 0) > 1);
    expect(lineIn(text)?.length === LONG_LINE, `a line of ${LONG_LINE} characters`);
  },
};

export function containerChecks(variant: Variant): Check[] {
  const stream = LOGS[variant];
  const prefix = variant === 'server' ? 'server-logs' : 'logs';
  const place = variant === 'server' ? FACTS : CONTAINER;
  return [
    {
      name: `${prefix}-tail`,
      says: 'A new socket is shown the last 100 lines, and the new ones after them.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        const count = TAIL_LINES + 5;
        await subject.publish(container('status', id, running));
        await subject.publish(...numbers(count).map((i) => lineOf('container', id, `line ${i}`)));
        const socket = await openStream(subject, stream, id);
        await socket.next(`line ${count}`, ({ text }) => numberIn(text) === count);
        await subject.publish(lineOf('container', id, `line ${count + 1}`));
        await socket.next('a line after them', ({ text }) => numberIn(text) === count + 1);
        const lines = socket.frames.flatMap(({ text }) => numberIn(text) ?? []);
        const wanted = numbers(count + 1).slice(-TAIL_LINES - 1);
        expect(
          lines.join() === wanted.join(),
          `the lines ${wanted[0]} to ${count + 1}, each once and in order`,
        );
      },
    },
    {
      name: `${prefix}-end`,
      says: 'The end of the log is told as a message of the type end.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        await subject.publish(container('status', id, running));
        const socket = await openStream(subject, stream, id);
        await message(socket, 'status');
        await subject.publish(container('end', id, { message: 'Log stream ended' }));
        await message(socket, 'end', { message: 'Log stream ended' });
      },
    },
    {
      name: `${prefix}-stopped`,
      says: 'For a container that does not run, the client receives an error.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        await subject.publish(container('status', id, { ...running, state: 'exited', status: 'Exited (0)' }));
        const socket = await openStream(subject, stream, id);
        const { data } = await message(socket, 'error');
        expect(isFields(data) && data['message'] !== '', 'a message that says why');
      },
    },
    ...(variant === 'document' ? [longLine] : []),
    {
      name: `${prefix}-ping`,
      says: 'The server pings every 30 s.',
      place,
      needs: ['token', 'time'],
      async run(subject) {
        const given = subject.server.app;
        const id = given ?? subject.id();
        if (given === undefined) await subject.publish(container('status', id, running));
        return expectPing(subject, await openStream(subject, stream, id), PING_MS);
      },
    },
  ];
}
