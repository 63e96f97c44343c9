import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '@belfry/client';

const hub = connect(process.env.BELFRY_URL ?? 'http://localhost:8800', { token: process.env.BELFRY_TOKEN });

const requests = hub.listen('deploy.request.*');
await requests.ready;
console.log('Waiting for requests.');

for await (const request of requests) {
  if (request.gap) continue; // requests may be missing; whoever asked sees that nothing happens
  const service = request.key;
  for (const step of ['build', 'test', 'push', 'release']) {
    await hub.publish(`deploy.step.${service}`, { step, status: 'running' });
    await hub.publish(`deploy.log.${service}`, { line: `${step} of ${service} takes half a second` });
    await wait(500);
    await hub.publish(`deploy.step.${service}`, { step, status: 'done' });
  }
  await hub.publish(`services.save.${service}`, {
    version: `v${request.id}`,
    by: request.principal ?? 'somebody',
  });
}
