/** To what a client of the Provisioning Platform subscribes. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import type { Fields } from '../frames.ts';
import type { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import { eventOf, eventsOf, heard, pong } from './provisioning-events.ts';

const DOC = 'Provisioning, WebSocket API';

const ENDPOINT = `${DOC}: Primary WebSocket Endpoint`;

const SPECIAL = `${DOC}: Specialized WebSocket Endpoints`;

const CLIENT = `${DOC}: Client-Side JavaScript API`;

const FILTERS = `${DOC}: Event Filtering and Subscriptions`;

const SUBSCRIBED_BY = { type: 'subscribe' };

/** Subscribes with filters and finds which of two events come. */
async function expectFiltered(
  subject: Subject,
  socket: Socket,
  {
    eventType,
    passes,
    stops,
  }: { readonly eventType: string; readonly passes: Fields; readonly stops: Fields },
): Promise<void> {
  const [wanted, unwanted] = [subject.name(), subject.name()];
  const event = eventOf(eventType, wanted, passes);
  await subject.publish(eventOf(eventType, unwanted, stops), event);
  await heard(socket, event);
  // Once more, since events about different things may come in any order.
  await subject.publish(event);
  await heard(socket, event);
  expect(
    eventsOf(socket, unwanted).length === 0,
    `no event that the filters exclude: ${JSON.stringify(stops)}`,
  );
}

export const provisioningSubscriptionChecks: readonly Check[] = [
  ...(['task', 'TaskStatusChanged'] as const).map((asked): Check => ({
    name: asked === 'task' ? 'events-word' : 'events-name',
    says: `The URL parameter events=${asked} subscribes to that event type and no other.`,
    place: asked === 'task' ? ENDPOINT : CLIENT,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open('/ws', { query: { events: asked } });
      await pong(socket);
      await subject.publish(eventOf('BatchOperationUpdate', name), eventOf('TaskStatusChanged', name));
      await heard(socket, eventOf('TaskStatusChanged', name));
      await subject.publish(eventOf('TaskStatusChanged', name));
      await heard(socket, eventOf('TaskStatusChanged', name));
      const types = eventsOf(socket, name).map((event) => event['event_type']);
      expect(
        types.every((type) => type === 'TaskStatusChanged'),
        'only TaskStatusChanged',
      );
    },
  })),
  {
    name: 'subscribe',
    says: 'The message subscribe adds event types to those that the URL named.',
    place: CLIENT,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open('/ws', { query: { events: 'BatchOperationUpdate' } });
      socket.send({ ...SUBSCRIBED_BY, events: ['TaskStatusChanged', 'WorkflowProgressUpdate'] });
      await pong(socket);
      for (const eventType of ['BatchOperationUpdate', 'TaskStatusChanged', 'WorkflowProgressUpdate']) {
        await subject.publish(eventOf(eventType, name));
        await heard(socket, eventOf(eventType, name));
      }
    },
  },
  {
    name: 'unsubscribe',
    says: 'After the message unsubscribe an event type does not come any more.',
    place: CLIENT,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open('/ws', { query: { events: 'task,batch' } });
      await pong(socket);
      socket.send({ type: 'unsubscribe', events: ['TaskStatusChanged'] });
      await pong(socket);
      await subject.publish(eventOf('TaskStatusChanged', name), eventOf('BatchOperationUpdate', name));
      await heard(socket, eventOf('BatchOperationUpdate', name));
      await subject.publish(eventOf('BatchOperationUpdate', name));
      await heard(socket, eventOf('BatchOperationUpdate', name));
      const types = eventsOf(socket, name).map((event) => event['event_type']);
      expect(!types.includes('TaskStatusChanged'), 'no TaskStatusChanged after unsubscribe');
    },
  },
  {
    name: 'filters',
    says: 'A subscription may filter by fields, each with a value or a list of values.',
    place: FILTERS,
    needs: ['token', 'publish'],
    async run(subject) {
      const filters = { task_name: 'create_servers', status: ['Running', 'Completed', 'Failed'] };
      for (const stops of [{ status: 'Pending' }, { name: 'delete_servers' }]) {
        const socket = await subject.open('/ws', { query: { events: 'batch' } });
        socket.send({ ...SUBSCRIBED_BY, events: ['TaskStatusChanged'], filters });
        await pong(socket);
        await expectFiltered(subject, socket, {
          eventType: 'TaskStatusChanged',
          passes: { status: 'Failed' },
          stops,
        });
      }
    },
  },
  {
    name: 'filters-log',
    says: 'Log entries are filtered by level and component.',
    place: FILTERS,
    needs: ['token', 'publish'],
    async run(subject) {
      const socket = await subject.open('/ws', { query: { events: 'batch' } });
      socket.send({ ...SUBSCRIBED_BY, events: ['LogEntry'], filters: { level: ['ERROR', 'WARN'] } });
      await pong(socket);
      await expectFiltered(subject, socket, {
        eventType: 'LogEntry',
        passes: { level: 'ERROR' },
        stops: { level: 'INFO' },
      });
    },
  },
  {
    name: 'metrics-path',
    says: 'A socket at /metrics is sent metrics, and nothing else.',
    place: SPECIAL,
    needs: ['token', 'publish'],
    async run(subject) {
      const name = subject.name();
      const socket = await subject.open('/metrics');
      await pong(socket);
      await subject.publish(eventOf('TaskStatusChanged', name), eventOf('MetricUpdate', name));
      await heard(socket, eventOf('MetricUpdate', name));
      await subject.publish(eventOf('MetricUpdate', name));
      await heard(socket, eventOf('MetricUpdate', name));
      const types = eventsOf(socket, name).map((event) => event['event_type']);
      expect(!types.includes('TaskStatusChanged'), 'only MetricUpdate');
    },
  },
  ...[
    { by: 'level', query: { level: 'ERROR,WARN' }, passes: { level: 'WARN' }, stops: { level: 'INFO' } },
    { by: 'component', query: {}, passes: {}, stops: {} },
    {
      by: 'search',
      query: { search: 'disk full' },
      passes: { message: 'the disk full' },
      stops: { message: 'fine' },
    },
  ].map(({ by, query, passes, stops }): Check => ({
    name: `logs-path-${by}`,
    says: `A socket at /logs is sent log entries, filtered by ${by}.`,
    place: SPECIAL,
    needs: ['token', 'publish'],
    async run(subject) {
      const [own, other] = [subject.name(), subject.name()];
      const asked = by === 'component' ? { component: own } : query;
      const socket = await subject.open('/logs', { query: asked });
      await pong(socket);
      const event = eventOf('LogEntry', own, passes);
      await subject.publish(eventOf('LogEntry', other, stops), event);
      await heard(socket, event);
      await subject.publish(event);
      await heard(socket, event);
      expect(eventsOf(socket, other).length === 0, `no log entry that ${by} excludes`);
    },
  })),
];
