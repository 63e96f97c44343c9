/** What a supervisor and its workers send each other. Both are processes of the same version, so no message is checked. */
import type { Close } from '../model/close-codes.ts';

/** The certificate that the first worker made, so that all workers show the same one. */
export interface SharedCertificate {
  readonly key: string;
  readonly cert: string;
  readonly made: boolean;
}

/** How a worker is to end. */
export interface StopOrder {
  /** The time over which it closes its connections. */
  readonly windowMs: number;
  readonly why: Close;
  /** Whether the other workers go on. If so, new connections are theirs from now on. */
  readonly alone: boolean;
}

/** What one worker answered. */
export interface WorkerAnswer<Answer = unknown> {
  /** The number of the worker, from 1. */
  readonly worker: number;
  /** Whether its process runs and has started. */
  readonly isUp: boolean;
  /** How often it was started again. */
  readonly restarts: number;
  /** Absent when the worker is not up, could not answer, or did not answer in time. */
  readonly answer?: Answer;
}

export type ToWorker =
  | { readonly kind: 'begin'; readonly number: number; readonly certificate?: SharedCertificate }
  | ({ readonly kind: 'stop' } & StopOrder)
  | { readonly kind: 'ask'; readonly id: number; readonly question: string }
  | { readonly kind: 'gathered'; readonly id: number; readonly answers: readonly WorkerAnswer[] };

export type FromWorker =
  // From now on the worker hears what is sent to it. What was sent before is lost.
  | { readonly kind: 'hello' }
  | { readonly kind: 'up'; readonly certificate: SharedCertificate }
  | { readonly kind: 'answer'; readonly id: number; readonly answer?: unknown }
  | { readonly kind: 'gather'; readonly id: number; readonly question: string };
