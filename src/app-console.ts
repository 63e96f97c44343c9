import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { ConsoleBuild } from './gateway/console/console-build.ts';
import { ConsoleFiles } from './gateway/console/console-files.ts';
import { ConsoleSite } from './gateway/console/console-site.ts';
import { OUTPUT } from './gateway/console/console-sources.ts';
import type { Clock } from './model/clock.ts';

/** Where the console is: its sources in a checkout, and what is built of them. */
export const CONSOLE_HOME = new URL('clients/console/', import.meta.url);

/** The console as a node serves it, and its build. */
export interface HubConsole {
  readonly site: ConsoleSite;
  /** Builds the console, if one is needed. */
  readonly build: () => void;
  /** Ends the build. */
  readonly stop: () => void;
}

export function consoleOf(config: Config, log: Logger, clock: Clock, home: URL): HubConsole {
  const build = new ConsoleBuild({ home, log, clock });
  const state = config.console === 'on' ? () => build.state() : async () => ({ kind: 'off' }) as const;
  return {
    site: new ConsoleSite({ files: new ConsoleFiles(new URL(OUTPUT, home)), build: state }),
    build: () => void state(),
    stop: () => build.stop(),
  };
}
