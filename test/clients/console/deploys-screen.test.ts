import { expect, inject, it, onTestFinished } from 'vitest';
import { connect } from '../../../src/clients/sdk/index.ts';
import { startBrowser } from '../../support/browser.ts';
import { accessFaults, needConsole, openConsole, startConsoleNode } from '../../support/console.ts';
import { randomPrefix } from '../../support/redis.ts';

needConsole();

it('the screen Deploys shows a run that another node was told of, each of its steps, and its log as it grows', async () => {
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  const [told, shown] = [await startConsoleNode(settings), await startConsoleNode(settings)];
  const hub = connect(told.url, { token: await told.token() });
  onTestFinished(() => hub.close());
  const step = (name: string, status: string): Promise<string> =>
    hub.publish('deploy.step.shop', { step: name, sagaId: 'A', status, total: '2' });
  await step('clone', 'running');

  const page = await openConsole(await startBrowser(), shown, { path: '/deploys' });
  const run = page.getByRole('option', { name: /deploy shop/ });
  await run.getByLabel('running').waitFor();
  await step('clone', 'complete');
  await run.getByText('1 of 2 steps').waitFor();
  await run.click();
  await step('build', 'running');
  await hub.publish('deploy.progress.shop', { step: 'build', sagaId: 'A', message: 'layer <7> of 12' });
  await page.getByText('layer <7> of 12').waitFor();
  expect(await accessFaults(page)).toEqual([]);

  await hub.publish('deploy.failed.shop', { sagaId: 'A', error: 'no such image' });
  await run.getByLabel('failed').waitFor();
  const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
  await steps.filter({ hasText: 'clone' }).getByLabel('done').waitFor();
  await steps.filter({ hasText: 'build' }).getByLabel('failed').waitFor();

  await page.reload();
  await page.getByRole('region', { name: 'deploy shop' }).getByText('layer <7> of 12').waitFor();
  await page.getByLabel('Search runs').fill('no such run');
  await page.getByText('No run has these words').waitFor();
});
