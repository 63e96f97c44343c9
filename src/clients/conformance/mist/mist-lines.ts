/** What the logs of containers and of deployments have in common. */
import type { Check } from '../check.ts';
import { expect, Skipped } from '../outcome.ts';
import { fieldsOf, has } from '../frames.ts';
import { expectIgnored, expectOnce, expectOrder, sequence } from '../shared-checks.ts';
import { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import { type Kind, lineIn, lineOf, message, numberIn, running, statusOf } from './mist-messages.ts';
import {
  attemptStream,
  DEPLOYMENTS,
  isUnknownThing,
  LOGS,
  openStream,
  type Stream,
  type Variant,
} from './mist-paths.ts';

const CONTAINER = 'Mist, WebSockets API: Container Logs';

const DEPLOYMENT = 'Mist, WebSockets API: Deployment Logs & Status';

const ERRORS = 'Mist, WebSockets API: Error Handling';

const FACTS = 'Mist, what its server does';

/** What the logs of containers and of deployments have in common. */
export function lineChecks(kind: Kind, variant: Variant): Check[] {
  const stream: Stream = (kind === 'container' ? LOGS : DEPLOYMENTS)[variant];
  const of = kind === 'container' ? 'logs' : 'deployment';
  const prefix = variant === 'server' ? `server-${of}` : of;
  const place = variant === 'server' ? FACTS : kind === 'container' ? CONTAINER : DEPLOYMENT;
  const live = async (subject: Subject): Promise<readonly number[]> => {
    const id = subject.id();
    await subject.publish(statusOf(kind, id));
    const socket = await openStream(subject, stream, id);
    await message(socket, 'status');
    return sequence(subject, socket, (i) => lineOf(kind, id, `line ${i}`), numberIn);
  };
  return [
    {
      name: `${prefix}-status`,
      says: `A new socket is first told the state of its ${kind}, in the form of the table.`,
      place,
      needs: ['token'],
      async run(subject) {
        const given = stream.option && subject.server[stream.option];
        const id = given ?? subject.id();
        if (given === undefined) await subject.publish(statusOf(kind, id));
        const socket = await openStream(subject, stream, id);
        const { data } = await message(socket, 'status');
        const first = fieldsOf(socket.frames[0]?.text ?? '')?.['type'];
        if (kind === 'container') expect(first === 'status', 'the status before any other message');
        if (kind === 'deployment')
          expect(has(data, { deployment_id: Number(id) }), `the deployment_id ${id}`);
        if (given !== undefined) return `of the ${stream.option} ${id}`;
        const published = kind === 'container' ? running : { status: 'building', progress: 50 };
        expect(has(data, published), `the state as published: ${JSON.stringify(published)}`);
        return undefined;
      },
    },
    {
      name: `${prefix}-once`,
      says: 'Each line is one message, and comes once.',
      place,
      needs: ['token', 'publish'],
      run: async (subject) => expectOnce(await live(subject)),
    },
    {
      name: `${prefix}-order`,
      says: 'Lines come in their order, as they are generated.',
      place,
      needs: ['token', 'publish'],
      run: async (subject) => expectOrder(await live(subject)),
    },
    {
      name: `${prefix}-own`,
      says: `A socket is sent the messages of its own ${kind} and of no other.`,
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const [own, other] = [subject.id(), subject.id()];
        await subject.publish(statusOf(kind, own), statusOf(kind, other));
        const socket = await openStream(subject, stream, own);
        await message(socket, 'status');
        await subject.publish(lineOf(kind, other, 'of another'), lineOf(kind, own, 'own'));
        await message(socket, 'log', { line: 'own' });
        await subject.publish(lineOf(kind, own, 'last'));
        await message(socket, 'log', { line: 'last' });
        const lines = socket.frames.flatMap(({ text }) => lineIn(text) ?? []);
        expect(!lines.includes('of another'), 'no line of another');
      },
    },
    {
      name: `${prefix}-error`,
      says: 'An error is told as a message of the type error.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        await subject.publish(statusOf(kind, id));
        const socket = await openStream(subject, stream, id);
        await message(socket, 'status');
        await subject.publish({ type: kind, action: 'error', key: id, object: { message: 'exit code 1' } });
        await message(socket, 'error', { message: 'exit code 1' });
      },
    },
    {
      name: `${prefix}-unknown`,
      says: `Who asks for a ${kind} that does not exist is told so: by an error, or by 404 before the upgrade.`,
      place: variant === 'server' ? FACTS : ERRORS,
      needs: ['token'],
      async run(subject) {
        const opened = await attemptStream(subject, stream, subject.id());
        if (opened instanceof Socket) await message(opened, 'error');
        else expect(isUnknownThing(opened), 'an error, or 404 that names what was not found');
      },
    },
    {
      name: `${prefix}-ignores-clients`,
      says: 'What a client sends is ignored.',
      place: FACTS,
      needs: ['token'],
      async run(subject) {
        const given = stream.option && subject.server[stream.option];
        const socket = await openStream(subject, stream, given ?? subject.id());
        // What the stream begins with comes within the first moment.
        await socket.within(1_000, () => socket.frames[0]);
        if (!socket.isOpen) throw new Skipped('the stream has ended, since what it is about is not there');
        await expectIgnored(socket, ['{"type":"log"}', 'no JSON', '']);
      },
    },
  ];
}
