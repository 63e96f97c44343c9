/** What DRP's document promises about its websocket, and what its server and its client do. */
import { headerOf } from '../../cli/target.ts';
import type { Check, Suite } from '../check.ts';
import { expect, Failed } from '../outcome.ts';
import { equal, faultIn, type Fields, fieldsOf } from '../frames.ts';
import { expectCut, expectOnce, expectOrder, expectPing, sequence } from '../shared-checks.ts';
import type { Subject } from '../subject.ts';
import { drpAccessChecks } from './drp-access.ts';
import { drpCommandChecks } from './drp-commands.ts';
import { drpConnectionChecks } from './drp-connections.ts';
import { drpFilterChecks } from './drp-filters.ts';
import { drpRestChecks } from './drp-rest.ts';
import { eventOf, FIELDS, FORM, heard, PATH, registered } from './drp-socket.ts';

const EXAMPLE = 'DRP, Websocket Access: Example Information';

const FACTS = 'DRP, what its server and its client do';

const PING_MS = 54_000;

const PONG_WAIT_MS = 60_000;

async function counted(subject: Subject): Promise<readonly number[]> {
  const type = subject.name();
  const socket = await registered(subject, [`${type}.*.*`]);
  return sequence(
    subject,
    socket,
    (i) => eventOf(type, 'one', { number: i }),
    (text) => {
      const event = fieldsOf(text);
      const number = event?.['Type'] === type ? (event['Object'] as Fields)['number'] : undefined;
      return typeof number === 'number' ? number : undefined;
    },
  );
}

const checks: readonly Check[] = [
  {
    name: 'event-form',
    says: 'An event has the seven fields of Go, all of them, with a Time of RFC 3339.',
    place: EXAMPLE,
    needs: ['token', 'publish'],
    async run(subject) {
      const type = subject.name();
      const socket = await registered(subject, [`${type}.*.*`]);
      const event = eventOf(type, 'global', {
        Params: { 'change-stage/map': { a: 'b' } },
        Errors: [],
        Ready: true,
      });
      await subject.publish(event);
      const came = await heard(socket, event);
      expect(equal(Object.keys(came), FIELDS), `the fields ${FIELDS.join(', ')}`);
      const fault = faultIn(came, FORM);
      if (fault !== undefined) throw new Failed(`the form of an event; ${fault}`);
    },
  },
  {
    name: 'once',
    says: 'Each event is one message, and comes once.',
    place: FACTS,
    needs: ['token', 'publish'],
    run: async (subject) => expectOnce(await counted(subject)),
  },
  {
    name: 'order',
    says: 'Events come in the order of publishing.',
    place: FACTS,
    needs: ['token', 'publish'],
    run: async (subject) => expectOrder(await counted(subject)),
  },
  {
    name: 'ping',
    says: 'The server pings every 54 s.',
    place: FACTS,
    needs: ['token', 'time'],
    run: async (subject) => expectPing(subject, await subject.open(PATH), PING_MS),
  },
  {
    name: 'pong-wait',
    says: 'A client that answers no ping for 60 s is cut, and one that answers is not.',
    place: FACTS,
    needs: ['token', 'time'],
    run: (subject) => expectCut(subject, PATH, {}, [PONG_WAIT_MS - 5_000, PONG_WAIT_MS + 15_000]),
  },
];

export const drp: Suite = {
  dialect: 'drp',
  system: 'Digital Rebar Provision',
  paths: [PATH],
  credentials: (token) => ({ headers: headerOf(token) }),
  event: ({ type, action, key, object }) => ({
    Time: new Date().toISOString(),
    Type: type,
    Action: action,
    Key: key,
    Object: object,
  }),
  frames: {
    says: 'Every message is one JSON object with the seven fields of an event.',
    place: EXAMPLE,
    faultOf(text) {
      const fields = fieldsOf(text);
      return fields === undefined ? 'it is not one JSON object' : faultIn(fields, FORM);
    },
  },
  observe: (subject) => registered(subject, ['*.*.*']),
  checks: [
    ...drpAccessChecks,
    ...drpCommandChecks,
    ...drpFilterChecks,
    ...checks,
    ...drpConnectionChecks,
    ...drpRestChecks,
  ],
};
