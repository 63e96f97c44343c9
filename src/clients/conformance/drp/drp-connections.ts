/** What DRP tells of connections. Of them, only those of the check are closed. */
import { randomUUID } from 'node:crypto';
import type { Check } from '../check.ts';
import { expect, Skipped } from '../outcome.ts';
import { type Fields, fieldsOf, has } from '../frames.ts';
import type { Socket } from '../socket.ts';
import { addresses, connections, LIST, listIn, ownConnection } from './drp-own-connection.ts';
import { PATH, say } from './drp-socket.ts';

const MONITORING = 'DRP, Websocket Access: Monitoring Connections';

const FACTS = 'DRP, what its server and its client do';

async function connectionEvent(
  socket: Socket,
  address: string,
  fits: (action: unknown) => boolean,
): Promise<Fields> {
  const { text } = await socket.next(`an event of the type connections about ${address}`, (frame) => {
    const event = fieldsOf(frame.text);
    return (
      event?.['Type'] === 'connections' &&
      fits(event['Action']) &&
      has(event['Object'], { RemoteAddr: address })
    );
  });
  return fieldsOf(text) ?? {};
}

export const drpConnectionChecks: readonly Check[] = [
  {
    name: 'connections-list',
    says: 'GET /api/v3/connections lists the connections with create time, principal, address and kind.',
    place: MONITORING,
    needs: ['token'],
    async run(subject) {
      const { entry } = await ownConnection(subject);
      expect(entry['Type'] === 'websocket', 'the Type websocket');
      for (const name of ['RemoteAddr', 'Principal'])
        expect(typeof entry[name] === 'string' && entry[name] !== '', `a text ${name}`);
      expect(!Number.isNaN(Date.parse(String(entry['CreateTime']))), 'a time CreateTime');
    },
  },
  {
    name: 'connections-one',
    says: 'GET /api/v3/connections/<RemoteAddr> is one connection, and 404 where there is none.',
    place: MONITORING,
    needs: ['token'],
    async run(subject) {
      const { address } = await ownConnection(subject);
      const one = await subject.ask('GET', `${LIST}/${address}`);
      expect(
        one.status === 200 && fieldsOf(one.text)?.['RemoteAddr'] === address,
        `200 and the connection ${address}`,
      );
      const none = await subject.ask('GET', `${LIST}/192.0.2.1:1`);
      expect(
        none.status === 404 && fieldsOf(none.text)?.['Code'] === 404,
        '404 and an error with the Code 404',
      );
    },
  },
  {
    name: 'connections-filter',
    says: 'The list is filtered by fields, counted in headers, and cut by limit; an unknown field is answered with 406.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const { address, entry } = await ownConnection(subject);
      const own = await connections(subject, `?RemoteAddr=${encodeURIComponent(address)}`);
      expect(own.length === 1 && own[0]?.['RemoteAddr'] === address, `only the connection ${address}`);
      const byPrincipal = await connections(
        subject,
        `?Principal=Eq(${encodeURIComponent(String(entry['Principal']))})`,
      );
      expect(addresses(byPrincipal).has(address), 'the connection among those of its principal');
      const limited = await subject.ask('GET', `${LIST}?limit=1`);
      expect(listIn(limited)?.length === 1, 'one connection with limit=1');
      for (const header of ['X-DRP-LIST-COUNT', 'X-DRP-LIST-TOTAL-COUNT'])
        expect(/^\d+$/.test(limited.headers.get(header) ?? ''), `a number in the header ${header}`);
      const unknown = await subject.ask('GET', `${LIST}?NoSuchField=1`);
      expect(unknown.status === 406, '406 for a field that connections do not have');
    },
  },
  {
    name: 'connections-anonymous',
    says: 'The list of connections requires authentication.',
    place: FACTS,
    async run(subject) {
      const { status } = await subject.ask('GET', LIST, { anonymous: true });
      expect(status === 401, '401 without credentials');
    },
  },
  {
    name: 'connections-close',
    says: 'DELETE /api/v3/connections/<RemoteAddr> closes that websocket.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const { socket, address, isCertain } = await ownConnection(subject);
      if (!isCertain)
        throw new Skipped('a proxy is on the way, so that it is not certain which connection is the own one');
      const { status } = await subject.ask('DELETE', `${LIST}/${address}`);
      expect(status === 200, '200');
      expect((await socket.endWithin(subject.server.patienceMs)) !== undefined, 'the end of the connection');
    },
  },
  {
    name: 'connections-events',
    says: 'A new connection is told as connections.create.<principal>, and its end as an event of the same type.',
    place: MONITORING,
    needs: ['token'],
    async run(subject) {
      const listener = await subject.open(PATH);
      await say(listener, 'register', 'connections.*.*');
      const { socket, entry, address } = await ownConnection(subject);
      const created = await connectionEvent(listener, address, (action) => action === 'create');
      expect(
        created['Key'] === entry['Principal'],
        `the Key ${String(entry['Principal'])}, which is the principal`,
      );
      socket.close(1000);
      const ended = await connectionEvent(listener, address, (action) => action !== 'create');
      return `the end is told as connections.${String(ended['Action'])}`;
    },
  },
  ...['machines', 'clusters', 'resource_brokers'].map((kind): Check => ({
    name: `connections-of-${kind.replace('_', '-')}`,
    says: `GET /api/v3/${kind}/<uuid>/connections lists the connections of one of them.`,
    place: MONITORING,
    needs: ['token'],
    async run(subject) {
      const answer = await subject.ask('GET', `/api/v3/${kind}/${randomUUID()}/connections`);
      const isUnknown = answer.status === 404 && fieldsOf(answer.text)?.['Code'] === 404;
      expect(
        (answer.status === 200 && listIn(answer)?.length === 0) || isUnknown,
        '200 and an empty list, or 404',
      );
    },
  })),
];
