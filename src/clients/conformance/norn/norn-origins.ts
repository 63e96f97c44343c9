/** Which pages may connect to Norn. */
import type { Check } from '../check.ts';
import { expect } from '../outcome.ts';

const ORIGIN = 'Norn, WebSocket: Origin Checking';

function originCheck(name: string, says: string, origins: readonly string[]): Check {
  return {
    name,
    says,
    place: ORIGIN,
    async run(subject) {
      for (const Origin of origins) await subject.open('/ws', { headers: { Origin } });
    },
  };
}

export const nornOriginChecks: readonly Check[] = [
  originCheck('origin-empty', 'A client without an Origin may connect.', ['']),
  originCheck('origin-local', 'A page of localhost, 127.0.0.1 or ::1 may connect, whatever its port.', [
    'http://localhost:4321',
    'https://localhost',
    'http://127.0.0.1:8080',
    'http://[::1]:3',
  ]),
  originCheck('origin-default', 'The origins localhost:5173 and localhost:3000 are allowed by default.', [
    'http://localhost:5173',
    'http://localhost:3000',
  ]),
  {
    name: 'origin-listed',
    says: 'An origin of NORN_ALLOWED_ORIGINS may connect.',
    place: ORIGIN,
    needs: ['origin'],
    async run(subject) {
      await subject.open('/ws', { headers: { Origin: subject.server.origin ?? '' } });
    },
  },
  {
    name: 'origin-foreign',
    says: 'A page of any other origin is rejected, also one that only looks local.',
    place: ORIGIN,
    async run(subject) {
      const host = `${subject.name()}.invalid`;
      for (const Origin of [
        `https://${host}`,
        `http://localhost.${host}`,
        `http://127.0.0.1.${host}`,
        'null',
      ]) {
        const { status } = await subject.refused(
          '/ws',
          { headers: { Origin } },
          `403 for the origin ${Origin}`,
        );
        expect(status === 403, `403 for the origin ${Origin}`);
      }
    },
  },
];
