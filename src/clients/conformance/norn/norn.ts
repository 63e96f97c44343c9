/** What Norn's document promises about its event socket, and what its server and clients need. */
import type { Check, Suite } from '../check.ts';
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal, type Fields, fieldsOf, type Form, has, textFault } from '../frames.ts';
import {
  expectCloseEcho,
  expectIgnored,
  expectOnce,
  expectOrder,
  sequence,
  slowClient,
} from '../shared-checks.ts';
import type { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import { nornOriginChecks } from './norn-origins.ts';

const CONNECTION = 'Norn, WebSocket: Connection';

const ENVELOPE = 'Norn, WebSocket: Event Envelope';

const TYPES = 'Norn, WebSocket: Event Types';

const STATUS = 'Norn, WebSocket: Step Status Values';

const HUB = 'Norn, WebSocket: Hub Architecture';

const FACTS = 'Norn, what its server does';

const FORM: Form = { type: 'text', appId: 'text', payload: 'object' };

/** Every type of the document, with the fields that its payload has. */
const PAYLOADS: Readonly<Record<string, Fields>> = {
  'deploy.step': { step: 'build', status: 'running' },
  'deploy.progress': { message: 'waiting for 1 allocation' },
  'deploy.completed': { imageTag: 'registry.example/app:1' },
  'deploy.failed': { error: 'exit code 1' },
  'app.restarted': {},
  'app.scaled': { group: 'web', count: '3' },
  'function.completed': { executionId: 'e1', status: 'complete' },
};

const STATUSES = ['running', 'complete', 'failed'];

function eventOf(name: string, key: string, more: Fields = {}): Caused {
  const [type = '', action = ''] = name.split('.');
  const saga = type === 'function' ? {} : { sagaId: `saga-of-${key}` };
  return { type, action, key, object: { ...PAYLOADS[name], ...saga, ...more } };
}

function read(text: string, key: string): Fields | undefined {
  const fields = fieldsOf(text);
  return fields?.['appId'] === key ? fields : undefined;
}

async function heard(socket: Socket, { type, action, key, object }: Caused): Promise<void> {
  const name = `${type}.${action}`;
  const { text } = await socket.next(
    `the event ${name} of the app ${key}`,
    (frame) => read(frame.text, key)?.['type'] === name,
  );
  const fault = textFault(text, FORM);
  expect(fault === undefined, `an event with type, appId and payload; ${fault}`);
  const { payload } = fieldsOf(text) ?? {};
  expect(has(payload, object as Fields), `the payload ${JSON.stringify(object)}, with texts as texts`);
}

/** A deploy that began is ended, so that no page shows it as running. */
async function publishAndEnd(subject: Subject, event: Caused): Promise<void> {
  await subject.publish(event);
  const isOpen = event.type === 'deploy' && !['completed', 'failed'].includes(event.action);
  if (isOpen) await subject.publish(eventOf('deploy.completed', event.key));
}

const typeChecks = Object.keys(PAYLOADS).map((name): Check => ({
  name: `event-${name.replace('.', '-')}`,
  says: `An event ${name} reaches a client with the payload fields of the table.`,
  place: TYPES,
  needs: ['publish'],
  async run(subject) {
    const event = eventOf(name, subject.name());
    const socket = await subject.open();
    await publishAndEnd(subject, event);
    await heard(socket, event);
  },
}));

const numberIn =
  (key: string) =>
  (text: string): number | undefined => {
    const { type, payload } = read(text, key) ?? {};
    const said = type === 'app.scaled' && has(payload, {}) ? (payload as Fields)['count'] : undefined;
    return typeof said === 'string' ? Number(said) : undefined;
  };

async function scaled(subject: Subject): Promise<readonly number[]> {
  const key = subject.name();
  const socket = await subject.open();
  return sequence(subject, socket, (i) => eventOf('app.scaled', key, { count: `${i}` }), numberIn(key));
}

const checks: readonly Check[] = [
  {
    name: 'opens-without-credentials',
    says: 'A socket opens without credentials.',
    place: CONNECTION,
    async run(subject) {
      await (await subject.open('/ws', { token: null })).settle();
    },
  },
  ...nornOriginChecks,
  ...typeChecks,
  {
    name: 'step-statuses',
    says: 'A deploy.step says running, complete or failed, in these words.',
    place: STATUS,
    needs: ['publish'],
    async run(subject) {
      const key = subject.name();
      const socket = await subject.open();
      for (const status of STATUSES) {
        const step = eventOf('deploy.step', key, { status });
        await subject.publish(step);
        await heard(socket, step);
      }
      await subject.publish(eventOf('deploy.failed', key));
    },
  },
  {
    name: 'every-client',
    says: 'An event is broadcast to every client.',
    place: HUB,
    needs: ['publish'],
    async run(subject) {
      const sockets = [await subject.open(), await subject.open(), await subject.open()];
      const event = eventOf('app.restarted', subject.name());
      await subject.publish(event);
      for (const socket of sockets) await heard(socket, event);
    },
  },
  {
    name: 'once',
    says: 'Each event is one message, and comes once.',
    place: ENVELOPE,
    needs: ['publish'],
    run: async (subject) => expectOnce(await scaled(subject)),
  },
  {
    name: 'order',
    says: 'Events of one app come in the order of the one broadcast loop.',
    place: HUB,
    needs: ['publish'],
    run: async (subject) => expectOrder(await scaled(subject)),
  },
  {
    name: 'payload-unchanged',
    says: 'The payload is what the type defines, with any JSON in it.',
    place: ENVELOPE,
    needs: ['publish'],
    async run(subject) {
      const key = subject.name();
      const odd = { text: 'ä€😀 "quoted" \\ <b>&</b> \u2028', empty: '', nested: { list: [1, true, null] } };
      const socket = await subject.open();
      await subject.publish(eventOf('app.restarted', key, odd));
      const { text } = await socket.next('the event', (frame) => read(frame.text, key) !== undefined);
      const { payload } = fieldsOf(text) ?? {};
      for (const [name, value] of Object.entries(odd))
        expect(has(payload, {}) && equal((payload as Fields)[name], value), `the field ${name} unchanged`);
    },
  },
  {
    name: 'ignores-clients',
    says: 'What a client sends is read and ignored, and a ping of WebSocket is answered.',
    place: FACTS,
    async run(subject) {
      const socket = await subject.open();
      await expectIgnored(socket, ['{"type":"deploy.step"}', 'no JSON', '', Buffer.from([0, 1, 255])]);
    },
  },
  {
    name: 'close-echo',
    says: 'A client that closes with 1000 gets 1000 back.',
    place: FACTS,
    run: async (subject) => expectCloseEcho(await subject.open()),
  },
  {
    name: 'slow-client',
    says: 'A client that does not read is disconnected once its buffer of 64 messages is full, and blocks nobody else.',
    place: HUB,
    needs: ['publish', 'limits'],
    async run(subject) {
      const key = subject.name();
      const made = (i: number, filling: string): Caused =>
        eventOf('app.scaled', key, { count: `${i}`, filling });
      return slowClient(subject, () => subject.open(), made, numberIn(key));
    },
  },
];

export const norn: Suite = {
  dialect: 'norn',
  system: 'Norn',
  paths: ['/ws'],
  credentials: () => ({}),
  event: ({ type, action, key, object }) => ({ type: `${type}.${action}`, appId: key, payload: object }),
  frames: {
    says: 'Every message is one JSON object with type, appId and payload.',
    place: ENVELOPE,
    faultOf: (text) => textFault(text, FORM),
  },
  observe: (subject) => subject.open(),
  checks,
};
