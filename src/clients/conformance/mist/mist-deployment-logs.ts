/** The log of a deployment, and its states. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { numbers } from '../frames.ts';
import { building, lineOf, message, numberIn, statusOf } from './mist-messages.ts';
import { DEPLOYMENTS, openStream, type Variant } from './mist-paths.ts';

const DEPLOYMENT = 'Mist, WebSockets API: Deployment Logs & Status';

const FACTS = 'Mist, what its server does';

const TAIL_LINES = 100;

export function deploymentChecks(variant: Variant): Check[] {
  const stream = DEPLOYMENTS[variant];
  const prefix = variant === 'server' ? 'server-deployment' : 'deployment';
  const place = variant === 'server' ? FACTS : DEPLOYMENT;
  const count = TAIL_LINES + 5;
  const states = [
    ['deploying', 80],
    ['success', 100],
  ] as const;
  return [
    {
      name: `${prefix}-log`,
      says: 'A new socket is shown the whole log of its deployment, and the new lines after it.',
      place: variant === 'server' ? FACTS : DEPLOYMENT,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        await subject.publish(statusOf('deployment', id));
        await subject.publish(...numbers(count).map((i) => lineOf('deployment', id, `line ${i}`)));
        const socket = await openStream(subject, stream, id);
        await socket.next(`line ${count}`, ({ text }) => numberIn(text) === count);
        await subject.publish(lineOf('deployment', id, `line ${count + 1}`));
        await socket.next('a line after them', ({ text }) => numberIn(text) === count + 1);
        const lines = socket.frames.flatMap(({ text }) => numberIn(text) ?? []);
        expect(lines.join() === numbers(count + 1).join(), `lines 1 to ${count + 1}, each once and in order`);
      },
    },
    {
      name: `${prefix}-flow`,
      says: 'A deployment goes on to success with 100 %, and each state is told.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const id = subject.id();
        await subject.publish(statusOf('deployment', id));
        const socket = await openStream(subject, stream, id);
        await message(socket, 'status', { status: 'building' });
        for (const [status, progress] of states) {
          const object = { ...building, status, stage: status, progress };
          await subject.publish({ type: 'deployment', action: 'status', key: id, object });
          await message(socket, 'status', { deployment_id: Number(id), status, progress });
        }
        if (variant === 'document') return undefined;
        const ended = await socket.endWithin(subject.server.patienceMs);
        expect(ended !== undefined, 'that the socket is closed after success');
        return `closed with ${ended.code}`;
      },
    },
  ];
}
