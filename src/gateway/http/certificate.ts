import { hostname } from 'node:os';
import { generate } from 'selfsigned';

/** The certificate of a TLS listener, with key and certificate as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /**
   * Whether this node made the certificate. No client can check such a certificate, so a client must be told not to.
   */
  readonly made: boolean;
}

const HOST = /^[\w.-]+$/;
const DNS = 2;
const IP = 7;

/**
 * The configured certificate, or else one that is made for a year and for this host. It uses EC P-256 and has the
 * common name `belfry`, and the names `localhost`, `127.0.0.1`, `::1` and the name of the host.
 */
export async function certificate(given: { tlsKey?: string; tlsCert?: string }): Promise<Certificate> {
  const { tlsKey, tlsCert } = given;
  if (tlsKey !== undefined && tlsCert !== undefined) return { key: tlsKey, cert: tlsCert, made: false };
  const names = new Set(['localhost', hostname()].filter((name) => HOST.test(name)));
  const made = await generate([{ name: 'commonName', value: 'belfry' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[...names].map((value) => ({ type: DNS, value }) as const),
          ...['127.0.0.1', '::1'].map((ip) => ({ type: IP, ip }) as const),
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert, made: true };
}
