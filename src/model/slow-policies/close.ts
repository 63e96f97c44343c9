import type { SlowPolicy } from './slow-policy.ts';

/** For logs, audits and commands. The connection finds no room for the next event, closes, and resumes with its cursor. */
export const close: SlowPolicy = {
  text: 'no event is left out; the connection is closed with 4008',
  leaveOut: () => [],
};
