import type { SecureContextOptions } from 'node:tls';

/** What one request to an API server needs: who vouches for the server, and who asks. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SecureContextOptions & {
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

/** The way to one API server. */
export interface Access {
  /** The address of the server, which may hold a path. */
  readonly server: URL;
  /** The namespace that is meant where none is named. */
  readonly namespace: string;
  /** What the next request needs. It is asked anew each time, since tokens and certificates are renewed. @throws AccessError */
  credentials(): Promise<Credentials>;
  /** The server refused the last credentials, so that kept ones are not used again. */
  refused(): void;
}

/** The way to the API server, or the credentials, cannot be had. */
export class AccessError extends Error {
  override name = 'AccessError';
}

/** What `base64` in a kubeconfig stands for. */
export function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
