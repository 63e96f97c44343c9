/** What the document of the Provisioning Platform promises about its sockets. */
import type { Check, Suite } from '../check.ts';
import { expect } from '../outcome.ts';
import { type Fields, fieldsOf, numbers } from '../frames.ts';
import { expectOnce, expectOrder, sequence } from '../shared-checks.ts';
import type { Subject } from '../subject.ts';
import { provisioningAccessChecks } from './provisioning-access.ts';
import { CORE, eventOf, eventsIn, eventsOf, faultOf, heard, pong, written } from './provisioning-events.ts';
import { provisioningLimitChecks } from './provisioning-limits.ts';
import { provisioningSubscriptionChecks } from './provisioning-subscriptions.ts';

const DOC = 'Provisioning, WebSocket API';

const ENDPOINT = `${DOC}: Primary WebSocket Endpoint`;

const TYPES = `${DOC}: Core Event Types`;

const BATCHING = `${DOC}: Message Batching`;

const BATCH_USUAL = 10;

const typeChecks = Object.keys(CORE).map((eventType): Check => ({
  name: `event-${CORE[eventType]?.word}`,
  says: `${eventType} reaches a client with event_type, timestamp, data and metadata.`,
  place: TYPES,
  needs: ['token', 'publish'],
  async run(subject) {
    const event = eventOf(eventType, subject.name());
    const socket = await subject.open();
    await pong(socket);
    await subject.publish(event);
    await heard(socket, event);
  },
}));

function sizeOf(text: string): number {
  return eventsIn(text).length;
}

function numberOf(name: string): (text: string) => number | undefined {
  return (text) => {
    const event = eventsIn(text).find(({ metadata }) => (metadata as Fields)['conformance'] === name);
    const done = (event?.['data'] as Fields | undefined)?.['progress'];
    return typeof done === 'number' ? done : undefined;
  };
}

/** Numbered events at a socket that takes them one by one. */
async function counted(subject: Subject): Promise<readonly number[]> {
  const name = subject.name();
  const socket = await subject.open('/ws', { query: { batch_size: '1' } });
  await pong(socket);
  return sequence(
    subject,
    socket,
    (i) => eventOf('TaskStatusChanged', name, { progress: i }),
    numberOf(name),
  );
}

function batchCheck(check: string, size: number | undefined): Check {
  const atMost = size ?? BATCH_USUAL;
  return {
    name: check,
    says: `A message holds at most ${atMost} events ${size === undefined ? 'where no batch_size is given' : 'with batch_size=3'}: one by itself, or those of a batch.`,
    place: size === undefined ? ENDPOINT : BATCHING,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open(
        '/ws',
        size === undefined ? {} : { query: { batch_size: `${size}` } },
      );
      await pong(socket);
      await subject.publish(...numbers(25).map((i) => eventOf('TaskStatusChanged', name, { progress: i })));
      const count = (): number => eventsOf(socket, name).length;
      await socket.within(subject.server.patienceMs, () => (count() >= 25 ? true : undefined));
      expect(count() === 25, `25 events; ${count()} came`);
      const largest = Math.max(...socket.frames.map(({ text }) => sizeOf(text)));
      expect(largest <= atMost, `at most ${atMost} events in one message; one has ${largest}`);
      return `at most ${largest} in one message`;
    },
  };
}

const checks: readonly Check[] = [
  ...typeChecks,
  {
    name: 'event-custom',
    says: 'An event type that an application defines is sent as it is.',
    place: `${DOC}: Custom Event Types`,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const event = eventOf(`Conformance${name.slice(-6)}`, name, { any: [1, { nested: true }, null] });
      const socket = await subject.open();
      await pong(socket);
      await subject.publish(event);
      await heard(socket, event);
    },
  },
  {
    name: 'once',
    says: 'Each event comes once.',
    place: TYPES,
    needs: ['token', 'publish'],
    run: async (subject) => expectOnce(await counted(subject)),
  },
  {
    name: 'order',
    says: 'The changes of one task come in their order.',
    place: TYPES,
    needs: ['token', 'publish'],
    run: async (subject) => expectOrder(await counted(subject)),
  },
  batchCheck('batch-size', 3),
  batchCheck('batch-size-usual', undefined),
  {
    name: 'compression',
    says: 'With compression=true messages may be compressed, and are the same.',
    place: `${DOC}: Compression`,
    needs: ['token', 'publish'],
    async run(subject) {
      const event = eventOf('TaskStatusChanged', subject.name(), {
        text: 'as long as it compresses '.repeat(400),
      });
      const socket = await subject.open('/ws', { query: { compression: 'true' }, deflate: true });
      expect(socket.extensions.includes('permessage-deflate'), 'permessage-deflate for who offers it');
      await pong(socket);
      await subject.publish(event);
      await heard(socket, event);
    },
  },
  {
    name: 'compression-off',
    says: 'Messages are not compressed unless compression=true is given.',
    place: ENDPOINT,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open('/ws', { deflate: true });
      expect(!socket.extensions.includes('permessage-deflate'), 'no permessage-deflate');
    },
  },
  {
    name: 'ping',
    says: 'The message ping is answered with pong.',
    place: `${DOC}: Heartbeat and Keep-Alive`,
    needs: ['token'],
    async run(subject) {
      const socket = await subject.open();
      for (let i = 0; i < 3; i++) await pong(socket);
      const pongs = socket.frames.filter(({ text }) => fieldsOf(text)?.['type'] === 'pong').length;
      expect(pongs === 3, 'one pong for each ping');
    },
  },
  {
    name: 'secrets',
    says: 'Secrets are never transmitted.',
    place: `${DOC}: Data Sanitization`,
    needs: ['token', 'publish'],
    async run(subject) {
      const [name, secret] = [subject.name(), subject.name()];
      const event = eventOf('TaskStatusChanged', name);
      const details = { password: secret, api_key: secret, token: secret };
      const socket = await subject.open();
      await pong(socket);
      await subject.publish(eventOf('TaskStatusChanged', name, { details }), event);
      await heard(socket, event);
      expect(!socket.frames.some(({ text }) => text.includes(secret)), 'no message with the secret in it');
    },
  },
];

export const provisioning: Suite = {
  dialect: 'provisioning',
  system: 'the Provisioning Platform',
  paths: ['/ws'],
  credentials: (token) => ({ query: { token } }),
  event: written,
  frames: {
    says: 'Every message is one JSON object: an event, a batch of events, or an answer with a type.',
    place: TYPES,
    faultOf,
  },
  observe: (subject) => subject.open(),
  checks: [
    ...provisioningAccessChecks,
    ...provisioningLimitChecks,
    ...checks,
    ...provisioningSubscriptionChecks,
  ],
};
