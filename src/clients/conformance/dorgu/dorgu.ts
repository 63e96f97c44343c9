/** What Dorgu's document promises about its event socket. */
import type { Check, Suite } from '../check.ts';
import type { Caused } from '../client-form.ts';
import { expect } from '../outcome.ts';
import { equal, type Fields, fieldsOf, type Form, isFields, textFault } from '../frames.ts';
import { expectCut, expectIgnored, expectPing } from '../shared-checks.ts';
import type { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';

const CONNECTING = 'Dorgu, WebSocket API: Connecting';

const FORMAT = 'Dorgu, WebSocket API: Message format';

const TYPES = 'Dorgu, WebSocket API: Event types';

const TIMEOUTS = 'Dorgu, WebSocket API: Timeouts';

const EXTRACTING = 'Dorgu, WebSocket API: Extracting data';

const ACTIONS = ['added', 'updated', 'deleted'] as const;

const FORM: Form = { type: ACTIONS.map((action) => `cluster.${action}`), data: { name: 'text' } };

const PING_MS = 54_000;

const PONG_WAIT_MS = 60_000;

/** The document's limit of a message from a client, and that of the real server, which differs. */
const INBOUND_BYTES = 512;

const INBOUND_SERVER_BYTES = 512 * 1024;

function cluster(action: (typeof ACTIONS)[number], key: string): Caused {
  const status = { phase: 'Ready', nodes: [{ name: 'node-1' }], addons: [] };
  return { type: 'cluster', action, key, object: { name: key, spec: { environment: 'test' }, status } };
}

function read(text: string, name: string): Fields | undefined {
  const fields = fieldsOf(text);
  return isFields(fields?.['data']) && fields['data']['name'] === name ? fields : undefined;
}

async function heard(socket: Socket, action: string, name: string): Promise<Fields> {
  const { text } = await socket.next(
    `{"type":"cluster.${action}","data":{"name":"${name}"}}`,
    (frame) => read(frame.text, name)?.['type'] === `cluster.${action}`,
  );
  return fieldsOf(text) ?? {};
}

/** Causes a whole life of one cluster, so that none is left behind. */
async function live(subject: Subject, sockets: readonly Socket[]): Promise<string> {
  const name = subject.name();
  for (const action of ACTIONS) {
    await subject.publish(cluster(action, name));
    for (const socket of sockets) await heard(socket, action, name);
  }
  return name;
}

const typeChecks = ACTIONS.map((action): Check => ({
  name: `event-cluster-${action}`,
  says: `A cluster that is ${action} is told as cluster.${action} with its name.`,
  place: TYPES,
  needs: ['publish'],
  async run(subject) {
    const name = subject.name();
    const socket = await subject.open();
    await subject.publish(cluster(action, name));
    await heard(socket, action, name);
    if (action !== 'deleted') await subject.publish(cluster('deleted', name));
  },
}));

const checks: readonly Check[] = [
  {
    name: 'opens-without-credentials',
    says: 'A socket opens without credentials.',
    place: CONNECTING,
    async run(subject) {
      await (await subject.open('/ws', { token: null })).settle();
    },
  },
  {
    name: 'opens-to-pages',
    says: 'The endpoint accepts standard upgrade requests, so also those of a page of any origin.',
    place: CONNECTING,
    async run(subject) {
      await (
        await subject.open('/ws', { headers: { Origin: `https://${subject.name()}.invalid` } })
      ).settle();
    },
  },
  ...typeChecks,
  {
    name: 'name-only',
    says: 'An event carries the name of the cluster and not the cluster.',
    place: EXTRACTING,
    needs: ['publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open();
      await subject.publish(cluster('added', name));
      const { data } = await heard(socket, 'added', name);
      await subject.publish(cluster('deleted', name));
      expect(equal(data, { name }), `the data {"name":"${name}"} and nothing else`);
    },
  },
  {
    name: 'every-client',
    says: 'Every connected client is notified.',
    place: CONNECTING,
    needs: ['publish'],
    async run(subject) {
      await live(subject, [await subject.open(), await subject.open(), await subject.open()]);
    },
  },
  {
    name: 'once',
    says: 'A cluster is discovered once and removed once.',
    place: TYPES,
    needs: ['publish'],
    async run(subject) {
      const socket = await subject.open();
      const name = await live(subject, [socket]);
      // What is doubled comes before the notification of another cluster.
      await live(subject, [socket]);
      const types = socket.frames.flatMap(({ text }) => read(text, name)?.['type'] ?? []);
      for (const action of ['added', 'deleted'])
        expect(types.filter((type) => type === `cluster.${action}`).length === 1, `one cluster.${action}`);
    },
  },
  {
    name: 'order',
    says: 'The notifications of one cluster come in the order of its life.',
    place: TYPES,
    needs: ['publish'],
    async run(subject) {
      const socket = await subject.open();
      const name = subject.name();
      await subject.publish(...ACTIONS.map((action) => cluster(action, name)));
      await heard(socket, 'deleted', name);
      await live(subject, [socket]);
      const types = socket.frames.flatMap(({ text }) => read(text, name)?.['type'] ?? []);
      const order = ACTIONS.map((action) => types.lastIndexOf(`cluster.${action}`)).filter((at) => at >= 0);
      expect(
        order.every((at, i) => i === 0 || at > (order[i - 1] ?? 0)) && types.at(-1) === 'cluster.deleted',
        'added, updated and deleted in this order',
      );
    },
  },
  {
    name: 'rest',
    says: 'After an event a client reads the cluster at /api/clusters/<name> as JSON.',
    place: EXTRACTING,
    needs: ['publish'],
    async run(subject) {
      const socket = await subject.open();
      const name = subject.name();
      await subject.publish(cluster('added', name));
      await heard(socket, 'added', name);
      const { status, text } = await subject.ask('GET', `/api/clusters/${name}`, { anonymous: true });
      const list = await subject.ask('GET', '/api/clusters', { anonymous: true });
      await subject.publish(cluster('deleted', name));
      expect(status === 200 && fieldsOf(text)?.['name'] === name, `200 and a cluster with the name ${name}`);
      const listed = fieldsOf(list.text)?.['clusters'];
      expect(list.status === 200 && Array.isArray(listed), '200 and {"clusters":[…]}');
      expect(
        listed.some((each) => isFields(each) && each['name'] === name),
        `the cluster ${name} in the list`,
      );
    },
  },
  {
    name: 'notification-only',
    says: 'The server does not process messages of clients, and answers pings of WebSocket.',
    place: TIMEOUTS,
    async run(subject) {
      await expectIgnored(await subject.open(), ['{"type":"cluster.deleted"}', 'no JSON', '']);
    },
  },
  {
    name: 'inbound-limit',
    says: 'A message of a client may have 512 bytes. The real server takes 512 KiB, which counts as well.',
    place: TIMEOUTS,
    async run(subject) {
      const allowed = await subject.open();
      await expectIgnored(allowed, ['x'.repeat(INBOUND_BYTES)]);
      const socket = await subject.open();
      socket.send('x'.repeat(INBOUND_BYTES + 1));
      const ended = await socket.endWithin(subject.server.patienceMs);
      if (ended !== undefined) {
        expect(ended.code === 1009, 'the close code 1009 for 513 bytes');
        return '513 bytes are too many';
      }
      socket.send('x'.repeat(INBOUND_SERVER_BYTES + 1));
      const later = await socket.endWithin(subject.server.patienceMs);
      expect(later?.code === 1009 || later?.code === 1006, 'the close code 1009 for more than 512 KiB');
      return 'more than 512 KiB are too many, as at the real server; the document says 512 bytes';
    },
  },
  {
    name: 'ping',
    says: 'The server pings every 54 s.',
    place: TIMEOUTS,
    needs: ['time'],
    run: async (subject) => expectPing(subject, await subject.open(), PING_MS),
  },
  {
    name: 'pong-wait',
    says: 'A client that answers no ping for 60 s is cut, and one that answers is not.',
    place: TIMEOUTS,
    needs: ['time'],
    run: (subject) => expectCut(subject, '/ws', {}, [PONG_WAIT_MS - 5_000, PONG_WAIT_MS + 15_000]),
  },
];

export const dorgu: Suite = {
  dialect: 'dorgu',
  system: 'Dorgu',
  paths: ['/ws'],
  credentials: () => ({}),
  event: ({ type, action, object }) => ({ type: `${type}.${action}`, data: object }),
  frames: {
    says: 'Every message is one JSON object with a type of the table and data.name.',
    place: FORMAT,
    faultOf: (text) => textFault(text, FORM),
  },
  observe: (subject) => subject.open(),
  checks,
};
