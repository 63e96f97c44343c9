/** A process that starts a broker, publishes, stops it, and has nothing more to do. */
import { pino } from 'pino';
import { RedisBroker } from '../../src/broker/redis-broker.ts';
import { systemClock } from '../../src/model/clock.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { formats, parseEvent, parseLogged } from '../support/formats.ts';

const [, , url = '', prefix = '', connectTimeoutMs, start] = process.argv;
const broker = new RedisBroker({
  url,
  prefix,
  node: 'node',
  clock: systemClock,
  bounds: { maxEvents: 100, maxBytes: 268_435_456, maxAgeMs: 60_000 },
  maxIngressBytes: 268_435_456,
  maxRetainedBytes: 268_435_456,
  formats: formats.all,
  parse: (body) => parseEvent(body),
  parseLogged: (body) => parseLogged(body),
  maxEventBytes: 1_000,
  report: () => undefined,
  log: pino({ level: 'silent' }),
  connectTimeoutMs: Number(connectTimeoutMs),
});
try {
  if (start) {
    await broker.start(() => false);
    await broker.publish([{ type: 'a', action: 'b', key: '', object: null }]);
    await broker.ready();
  }
  await broker.stop();
  console.info('stopped');
} catch (error) {
  console.info(error instanceof BelfryError ? `${error.code}: ${error.message}` : error);
}
