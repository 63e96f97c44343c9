/** Who may open the sockets of Mist, and what their URLs must name. */
import type { Check } from '../check.ts';
import { expect, Failed } from '../outcome.ts';
import { type Fields, fieldsOf, has } from '../frames.ts';
import { Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import {
  attemptStream,
  DEPLOYMENTS,
  LOGS,
  METRICS,
  STATS,
  type Stream,
  SYSTEM,
  type Variant,
} from './mist-paths.ts';

const AUTHENTICATION = 'Mist, WebSockets API: Authentication';

const FACTS = 'Mist, what its server does';

async function expectUnauthorized(subject: Subject, stream: Stream, token: string | null): Promise<Fields> {
  const opened = await attemptStream(subject, stream, subject.id(), { token });
  if (opened instanceof Socket) throw new Failed('401, and no open socket');
  const { status, body } = opened;
  expect(status === 401 || status === 403, `401 at ${stream.path}`);
  return fieldsOf(body) ?? {};
}

const REFUSAL = { success: false, data: null };

const DOCUMENTED = [LOGS.document, DEPLOYMENTS.document, METRICS.document];

/** The server checks the cookie of these two only. */
const CHECKED_BY_SERVER = [METRICS.server, SYSTEM];

interface BadId {
  readonly stream: Stream;
  readonly query: Readonly<Record<string, string>>;
  /** What the body of the answer 400 says at the server's own path. */
  readonly body: RegExp;
}

const BAD_IDS: Readonly<Record<Variant, readonly BadId[]>> = {
  document: [
    { stream: LOGS.document, query: {}, body: /./ },
    { stream: LOGS.document, query: { appId: 'abc' }, body: /./ },
    { stream: DEPLOYMENTS.document, query: { deploymentId: 'abc' }, body: /./ },
  ],
  server: [
    { stream: LOGS.server, query: {}, body: /^appId is required\s*$/ },
    { stream: LOGS.server, query: { appId: 'abc' }, body: /^Invalid appId\s*$/ },
    { stream: STATS, query: {}, body: /^appId is required\s*$/ },
    { stream: STATS, query: { appId: '1.5' }, body: /^invalid appID\s*$/ },
    { stream: DEPLOYMENTS.server, query: { id: 'abc' }, body: /"message":"invalid deployment id"/ },
  ],
};

const badIdChecks = (['document', 'server'] as const).map((variant): Check => ({
  name: variant === 'server' ? 'server-bad-id' : 'bad-id',
  says: 'A missing id, or one that is no number, is answered with 400 before the upgrade.',
  place: FACTS,
  needs: ['token'],
  async run(subject) {
    for (const { stream, query, body } of BAD_IDS[variant]) {
      const opened = await attemptStream(subject, stream, undefined, { query });
      const said = opened instanceof Socket ? 'an open socket' : `${opened.status} ${opened.body}`;
      const fits = !(opened instanceof Socket) && opened.status === 400 && body.test(opened.body);
      expect(fits, `400 at ${stream.path} for ${JSON.stringify(query)}, not ${said}`);
    }
  },
}));

export const mistAccessChecks: readonly Check[] = [
  {
    name: 'cookie',
    says: 'A socket is authenticated by the cookie of the session.',
    place: AUTHENTICATION,
    needs: ['token'],
    async run(subject) {
      const stream = METRICS.document;
      const socket = await attemptStream(subject, stream);
      if (!(socket instanceof Socket))
        throw new Failed(`an open socket at ${stream.path} with the cookie mist_token`);
    },
  },
  {
    name: 'cookie-missing',
    says: 'Without the cookie no socket opens.',
    place: AUTHENTICATION,
    async run(subject) {
      for (const stream of DOCUMENTED) await expectUnauthorized(subject, stream, null);
    },
  },
  {
    name: 'cookie-wrong',
    says: 'With a cookie that holds no good token no socket opens.',
    place: AUTHENTICATION,
    async run(subject) {
      for (const stream of DOCUMENTED) await expectUnauthorized(subject, stream, 'e30.e30.e30');
    },
  },
  {
    name: 'server-cookie-missing',
    says: 'Without the cookie, stats and system logs answer 401 and say so in JSON.',
    place: FACTS,
    async run(subject) {
      for (const stream of CHECKED_BY_SERVER) {
        const body = await expectUnauthorized(subject, stream, null);
        const wanted = { ...REFUSAL, message: 'Authentication required', error: 'No token provided' };
        expect(has(body, wanted), `the body ${JSON.stringify(wanted)}`);
      }
    },
  },
  {
    name: 'server-cookie-wrong',
    says: 'With a bad token, stats and system logs answer 401 and say so in JSON.',
    place: FACTS,
    async run(subject) {
      for (const stream of CHECKED_BY_SERVER) {
        const body = await expectUnauthorized(subject, stream, 'e30.e30.e30');
        const wanted = { ...REFUSAL, message: 'Invalid or expired token' };
        expect(has(body, wanted), `the body ${JSON.stringify(wanted)}`);
      }
    },
  },
  {
    name: 'cookie-expired',
    says: 'A token that has expired is refused.',
    place: FACTS,
    needs: ['secret'],
    async run(subject) {
      await expectUnauthorized(subject, METRICS.server, subject.mint({}, -60));
    },
  },
  ...badIdChecks,
];
