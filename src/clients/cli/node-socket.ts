import { text } from 'node:stream/consumers';
import type { SocketClass } from '../sdk/environment.ts';
import { isUntrusted } from './untrusted.ts';

/** How long a socket that was closed may wait for the answer of a hub that may be gone. */
const CLOSE_MS = 1_000;
const TOO_MANY = 429;

/** What a program of Node learns about an upgrade that failed, and a page does not. */
export interface UpgradeFaults {
  /** The network failed, or the hub cannot serve now. */
  readonly fault: (text: string) => void;
  /** The answer was a refusal that would come again. */
  readonly refused: (status: number, body: string) => void;
  readonly untrusted: (cause: Error) => void;
}

/** The class of the sockets of a command, for the client of the SDK. Node 20 has none of its own. */
export async function nodeSocket(
  headers: Readonly<Record<string, string>>,
  insecure: boolean,
  faults: UpgradeFaults,
): Promise<SocketClass> {
  const { WebSocket } = await import('ws');
  return class extends WebSocket {
    constructor(url: string) {
      super(url, { headers, rejectUnauthorized: !insecure });
      let wasRefused = false;
      this.on('unexpected-response', (_request, response) => {
        const { statusCode: status = 0 } = response;
        wasRefused = true;
        void (async () => {
          const body = await text(response);
          faults.fault(`the answer to the upgrade was ${status}`);
          if (status < 500 && status !== TOO_MANY) faults.refused(status, body);
          this.terminate();
        })();
      });
      this.on('error', (error) => {
        if (wasRefused) return;
        faults.fault(error.message);
        if (isUntrusted(error)) faults.untrusted(error);
      });
    }

    override close(code?: number): void {
      super.close(code);
      setTimeout(() => this.terminate(), CLOSE_MS).unref();
    }
  };
}
