/** DRP's REST API beside its websocket: events, tokens, info. */
import type { Check } from '../check.ts';
import { expect, Skipped } from '../outcome.ts';
import { fieldsOf, has } from '../frames.ts';
import { PATH, registered, say } from './drp-socket.ts';

const FACTS = 'DRP, what its server and its client do';

export const drpRestChecks: readonly Check[] = [
  {
    name: 'post-event',
    says: 'POST /api/v3/events takes an event and answers 204 without a body, but with a JSON content type.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const socket = await subject.open(PATH);
      await say(socket, 'register', `${type}.*.*`);
      const body = {
        Time: '0001-01-01T00:00:00Z',
        Type: type,
        Action: 'save',
        Key: 'a',
        Principal: 'somebody',
        Object: 1,
      };
      const { status, headers, text } = await subject.ask('POST', '/api/v3/events', { body });
      expect(status === 204 && text === '', '204 and no body');
      expect(
        (headers.get('Content-Type') ?? '').includes('application/json'),
        'a content type of application/json',
      );
      const frame = await socket.next('the event', (each) =>
        has(fieldsOf(each.text), { Type: type, Key: 'a' }),
      );
      expect(
        fieldsOf(frame.text)?.['Principal'] !== 'somebody',
        'the principal of the caller, not that of the body',
      );
    },
  },
  {
    name: 'post-event-anonymous',
    says: 'Nobody publishes without credentials.',
    place: FACTS,
    async run(subject) {
      const body = { Type: subject.name(), Action: 'save', Key: 'a' };
      const { status } = await subject.ask('POST', '/api/v3/events', { body, anonymous: true });
      expect(status === 401, '401 without credentials');
    },
  },
  {
    name: 'info',
    says: 'GET /api/v3/info answers with JSON, by which the client tries its token.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const { status, text } = await subject.ask('GET', '/api/v3/info');
      expect(status === 200 && fieldsOf(text) !== undefined, '200 and an object');
      const bad = await subject.ask('GET', '/api/v3/info', { authorization: 'Bearer e30.e30.e30' });
      expect(bad.status === 403, '403 for a bad token');
    },
  },
  {
    name: 'user-token',
    says: 'A user gets a token at GET /api/v3/users/<name>/token, which opens a socket.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const type = subject.name();
      const socket = await registered(subject, [`${type}.*.*`]);
      await subject.ask('POST', '/api/v3/events', { body: { Type: type, Action: 'save', Key: 'a' } });
      const frame = await socket.next('the event', (each) => has(fieldsOf(each.text), { Type: type }));
      // The server writes the principal of the caller into what it publishes.
      const principal = String(fieldsOf(frame.text)?.['Principal']);
      const [, name] = /^user:(.+)$/.exec(principal) ?? [];
      if (name === undefined) throw new Skipped(`the token is not that of a user, but of ${principal}`);
      const { status, text } = await subject.ask(
        'GET',
        `/api/v3/users/${encodeURIComponent(name)}/token?ttl=600`,
      );
      const token = fieldsOf(text)?.['Token'];
      expect(status === 200 && typeof token === 'string', '200 and {"Token":"…"}');
      await (await subject.open(PATH, { token })).settle();
    },
  },
];
