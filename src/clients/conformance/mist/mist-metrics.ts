/** The metrics of Mist. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';
import { faultIn, fieldsOf, isFields, numbers } from '../frames.ts';
import type { Frame, Socket } from '../socket.ts';
import type { Subject } from '../subject.ts';
import { wait } from '../time.ts';
import { METRICS, openStream, SAMPLES, type Variant } from './mist-paths.ts';

const METRICS_PLACE = 'Mist, WebSockets API: System Metrics';

const FACTS = 'Mist, what its server does';

const EVERY_MS = 1_000;

const SAMPLES_WATCHED_MS = 4_000;

/** A sample in both forms at once, of which a server takes what it needs. */
function sample(usage: number): object {
  const [used, total] = [4_294_967_296, 17_179_869_184];
  return {
    cpuUsage: usage,
    cpu: { usage, cores: 4 },
    memory: { used, total, percent: 25 },
    disk: [
      { name: '/', totalSpace: 536_870_912_000, availableSpace: 483_183_820_800, usedSpace: 53_687_091_200 },
    ],
    docker: { containers_running: 5, containers_total: 8, images: 12 },
    loadAverage: { oneMinute: 0.5, fiveMinutes: 0.4, fifteenMinutes: 0.3 },
    uptime: 3_600,
    cpuTemperature: 40,
  };
}

function usageIn(text: string): unknown {
  const { cpu, cpuUsage } = fieldsOf(text) ?? {};
  return isFields(cpu) ? cpu['usage'] : cpuUsage;
}

/** Opens the metrics of a host of this check alone. A server that knows one host ignores its name. */
async function openMetrics(subject: Subject, variant: Variant): Promise<{ host: string; socket: Socket }> {
  const host = subject.name();
  return { host, socket: await openStream(subject, METRICS[variant], undefined, { query: { host } }) };
}

/** The first sample, published by the check unless the server has its own. */
async function firstSample(subject: Subject, socket: Socket, host: string): Promise<Frame> {
  try {
    await subject.publish({ type: 'metrics', action: 'sample', key: host, object: sample(25.5) });
  } catch (error) {
    const own = await socket.within(subject.server.patienceMs, () => socket.frames[0]);
    if (own === undefined) throw error;
    return own;
  }
  return socket.next('a sample', () => true);
}

function metricsChecks(variant: Variant): Check[] {
  const prefix = variant === 'server' ? 'server-' : '';
  const place = variant === 'server' ? FACTS : METRICS_PLACE;
  return [
    {
      name: `${prefix}metrics-sample`,
      says: 'A message is one sample with every field of the example, and has no envelope.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const { host, socket } = await openMetrics(subject, variant);
        const { text } = await firstSample(subject, socket, host);
        const fault = faultIn(fieldsOf(text), SAMPLES[variant]);
        expect(fault === undefined, `a sample of the form of the document; ${fault}`);
      },
    },
    {
      name: `${prefix}metrics-every-second`,
      says: 'Metrics come once a second, the newest ones.',
      place,
      needs: ['token', 'publish'],
      async run(subject) {
        const { host, socket } = await openMetrics(subject, variant);
        await firstSample(subject, socket, host);
        const isOwn = socket.frames.some(({ text }) => usageIn(text) === 25.5);
        for (const i of isOwn ? numbers(10) : [])
          await subject.publish({ type: 'metrics', action: 'sample', key: host, object: sample(i) });
        await wait(subject.time, SAMPLES_WATCHED_MS);
        const gaps = socket.frames.slice(1).map(({ at }, i) => at - (socket.frames[i]?.at ?? 0));
        const least = Math.min(...gaps);
        expect(gaps.length > 0, `more than one sample in ${SAMPLES_WATCHED_MS} ms`);
        expect(least >= EVERY_MS / 2, `one sample a second; two came within ${Math.round(least)} ms`);
        if (isOwn) expect(usageIn(socket.frames.at(-1)?.text ?? '') === 10, 'the newest sample last');
        else expect(Math.max(...gaps) < 3 * EVERY_MS, 'a sample each second');
        return `${socket.frames.length} samples`;
      },
    },
  ];
}

export const mistMetricsChecks: readonly Check[] = [...metricsChecks('document'), ...metricsChecks('server')];
