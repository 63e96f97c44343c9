import type { Config } from './config/config.ts';
import { digestOf } from './config/digest.ts';
import { VERSION } from './config/version.ts';
import type { Clock } from './model/clock.ts';
import type { NodeReport, OwnReport } from './registry/node-directory.ts';

/** The part of a report that changes while a node runs. */
type State = Omit<NodeReport, 'name' | 'version' | 'since' | 'digest'>;

/** What a node tells other nodes about itself. `state` is asked for each report. */
export async function ownReport(config: Config, clock: Clock, state: () => State): Promise<OwnReport> {
  const { digest, settings } = await digestOf(config);
  const since = new Date(clock.now()).toISOString();
  const always = { name: config.node, version: VERSION, since, digest };
  return { digest, settings, report: () => ({ ...always, ...state() }) };
}
