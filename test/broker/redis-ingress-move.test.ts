import { expect, it } from 'vitest';
import { IngressDecoder } from '../../src/broker/redis-ingress-decoder.ts';
import { nameOf } from '../../src/broker/redis-ingress-move.ts';
import { Redaction } from '../../src/model/redaction.ts';
import { Retention } from '../../src/model/retention.ts';
import { systemClock } from '../../src/model/clock.ts';
import { parseEvent, parseLogged } from '../support/formats.ts';

it('an entry of the ingress has one name at all nodes, though their clocks differ and make two events of it', () => {
  const written = Buffer.from('{"type":"a","action":"b","key":"c"}');
  const [one, other] = [1_700_000_000_000, 1_700_003_600_000].map((now) => {
    const decoder = new IngressDecoder({
      clock: { ...systemClock, now: () => now },
      parse: (body) => parseEvent(body),
      parseLogged: (body) => parseLogged(body),
      report: () => undefined,
      maxEventBytes: 1_000,
      redaction: Redaction.none,
      retention: Retention.none,
    });
    return decoder.classify('1700009999999-0', written);
  });
  if (one === undefined || other === undefined) throw new Error('There are two nodes.');
  expect(one.becomes).not.toEqual(other.becomes);
  expect(nameOf(one)).toBe(nameOf(other));
});
