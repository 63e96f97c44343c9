/** The events that tell of runs, without the lines of logs. */
export const RUN_PATTERNS = [
  'deploy,preflight,forge,teardown.queued,step,completed,failed.*',
  'deployment.status,error.*',
  'task.status_changed.*',
  'batch.update.*',
  'workflow.progress_update.*',
];
