/** What Mist's document promises about its sockets, and what its server does, which differs from it. */
import type { Check, Suite } from '../check.ts';
import { expect, Failed, Skipped } from '../outcome.ts';
import { faultIn, fieldsOf } from '../frames.ts';
import { mistAccessChecks } from './mist-access.ts';
import { containerChecks } from './mist-container-logs.ts';
import { deploymentChecks } from './mist-deployment-logs.ts';
import { lineChecks } from './mist-lines.ts';
import { message } from './mist-messages.ts';
import { mistMetricsChecks } from './mist-metrics.ts';
import { DEPLOYMENTS, formAt, LOGS, METRICS, openStream, STATS, SYSTEM } from './mist-paths.ts';

const FACTS = 'Mist, what its server does';

export const mistLogChecks: readonly Check[] = (['document', 'server'] as const).flatMap((variant) => [
  ...lineChecks('container', variant),
  ...containerChecks(variant),
  ...lineChecks('deployment', variant),
  ...deploymentChecks(variant),
]);

const serverChecks: readonly Check[] = [
  {
    name: 'server-stats',
    says: 'Container stats begin with the status, and go on with samples of nine numbers.',
    place: FACTS,
    needs: ['token', 'publish'],
    async run(subject) {
      const given = subject.server.app;
      const id = given ?? subject.id();
      const status = { container: `app-${id}`, state: 'running', status: 'running' };
      const numbersOf = {
        cpu_percent: 1.5,
        memory_used_mb: 2,
        memory_limit_mb: 3,
        memory_percent: 4,
        pids: 5,
      };
      const io = { network_rx_mb: 1, network_tx_mb: 2, block_read_mb: 3, block_write_mb: 4 };
      if (given === undefined)
        await subject.publish({ type: 'container', action: 'status', key: id, object: status });
      const socket = await openStream(subject, STATS, id);
      await message(socket, 'status');
      if (given === undefined)
        await subject.publish({
          type: 'container',
          action: 'stats',
          key: id,
          object: { ...numbersOf, ...io },
        });
      await message(socket, 'stats', given === undefined ? { ...numbersOf, ...io } : {});
      expect(fieldsOf(socket.frames[0]?.text ?? '')?.['type'] === 'status', 'the status first');
    },
  },
  {
    name: 'server-system-logs',
    says: 'System logs begin with connected, and show at most 100 lines before new ones.',
    place: FACTS,
    needs: ['token'],
    async run(subject) {
      const socket = await openStream(subject, SYSTEM);
      await message(socket, 'connected', { message: 'Connected to system logs' });
      await socket.settle();
      expect(fieldsOf(socket.frames[0]?.text ?? '')?.['type'] === 'connected', 'connected first');
    },
  },
  {
    name: 'server-system-logs-live',
    says: 'A new line of the system log reaches those who watch it.',
    place: FACTS,
    needs: ['token', 'publish', 'limits'],
    async run(subject) {
      const socket = await openStream(subject, SYSTEM);
      await message(socket, 'connected');
      const line = subject.name();
      await subject.publish({ type: 'system', action: 'log', key: 'mist', object: { line } });
      await message(socket, 'log', { line });
    },
  },
];

export const mist: Suite = {
  dialect: 'mist',
  system: 'Mist',
  paths: [METRICS.document.path, METRICS.server.path],
  credentials: (token) => ({ headers: { Cookie: `mist_token=${token}` } }),
  event: ({ type, action, key, object }) => ({ type, action, key, object }),
  frames: {
    says: 'Every message is one JSON object of a form that the document or the server has for its path.',
    place: 'Mist, WebSockets API: Message Types',
    faultOf(text, path) {
      const fields = fieldsOf(text);
      return fields === undefined
        ? 'it is not one JSON object'
        : faultIn(fields, formAt(path, fields['type']));
    },
  },
  async observe(subject) {
    const { app, deployment } = subject.server;
    const streams = [
      [METRICS.document],
      [METRICS.server],
      [SYSTEM],
      ...(app === undefined
        ? []
        : ([
            [LOGS.document, app],
            [LOGS.server, app],
            [STATS, app],
          ] as const)),
      ...(deployment === undefined
        ? []
        : ([
            [DEPLOYMENTS.document, deployment],
            [DEPLOYMENTS.server, deployment],
          ] as const)),
    ] as const;
    for (const [stream, id] of streams)
      await openStream(subject, stream, id).catch((error: unknown) => {
        if (!(error instanceof Skipped) && !(error instanceof Failed)) throw error;
      });
  },
  checks: [...mistAccessChecks, ...mistLogChecks, ...mistMetricsChecks, ...serverChecks],
};
