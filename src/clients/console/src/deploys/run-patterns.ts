import { exactPattern } from '../../../../model/exact-pattern.ts';

/** The events that tell of runs, without the lines of logs. */
export const RUN_PATTERNS = [
  'deploy,preflight,forge,teardown.queued,step,completed,failed.*',
  'deployment.status,error.*',
  'container.status.*',
  'task.status_changed.*',
  'batch.update.*',
  'workflow.progress_update.*',
];

/** The events that the log of a run consists of. */
export function logPattern({ topic }: { readonly topic: string }): string {
  const [type = '', ...key] = topic.split(' ');
  const pattern = exactPattern(type, undefined, key.join(' '));
  // A log that is named is one that somebody listens to, so that its source reads it. Samples are no part of it.
  return type === 'container' ? pattern.replace('.*.', '.status,log,end,error.') : pattern;
}
