import type { Config } from './config/config.ts';
import { digestOf } from './config/digest.ts';
import { VERSION } from './config/version.ts';
import type { Clock } from './model/clock.ts';
import type { NodeReport, OwnReport } from './registry/node-directory.ts';

/** What changes while a node runs. */
type State = Pick<NodeReport, 'connections' | 'ready' | 'warnings'>;

/** What a node tells others of itself, from its start on; `state` is asked for each time. */
export async function ownReport(config: Config, clock: Clock, state: () => State): Promise<OwnReport> {
  const { digest, settings } = await digestOf(config);
  const since = new Date(clock.now()).toISOString();
  const always = { name: config.node, version: VERSION, since, digest };
  return { digest, settings, report: () => ({ ...always, ...state() }) };
}
