/** Who may open DRP's websocket. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { PATH } from './drp-socket.ts';

const ACCESS = 'DRP, Websocket Access';

const FACTS = 'DRP, what its server and its client do';

export const drpAccessChecks: readonly Check[] = [
  {
    name: 'credentials-missing',
    says: 'The URL requires authentication: without credentials it answers 401.',
    place: ACCESS,
    async run(subject) {
      const { status, headers } = await subject.refused(PATH, { token: null }, '401');
      expect(status === 401, '401');
      expect(headers['www-authenticate'] === 'dr-provision', 'the header WWW-Authenticate: dr-provision');
    },
  },
  {
    name: 'credentials-wrong',
    says: 'A token that is not good is answered with 403.',
    place: FACTS,
    async run(subject) {
      for (const how of [
        { token: null, headers: { Authorization: 'Bearer e30.e30.e30' } },
        { token: null, query: { token: 'e30.e30.e30' } },
        {
          token: null,
          headers: { Authorization: `Basic ${Buffer.from(`${subject.name()}:no`).toString('base64')}` },
        },
      ]) {
        const { status } = await subject.refused(PATH, how, '403');
        expect(status === 403, '403');
      }
    },
  },
  {
    name: 'credentials-scheme',
    says: 'A scheme other than Basic and Bearer is answered with 401.',
    place: FACTS,
    async run(subject) {
      const headers = { Authorization: 'Digest realm="x"' };
      const { status } = await subject.refused(PATH, { token: null, headers }, '401');
      expect(status === 401, '401');
    },
  },
  {
    name: 'token-in-header',
    says: 'A socket opens with the credentials in the header Authorization.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      await (await subject.open(PATH)).settle();
    },
  },
  ...['token', 'Token'].map((parameter): Check => ({
    name: parameter === 'token' ? 'token-in-url' : 'token-in-url-capital',
    says: `A socket opens with the token in the URL, as ?${parameter}=.`,
    place: ACCESS,
    needs: ['token'],
    async run(subject) {
      await (await subject.open(PATH, { token: null, query: { [parameter]: subject.token } })).settle();
    },
  })),
];
