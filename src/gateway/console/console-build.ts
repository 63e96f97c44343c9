import { spawn, type ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { Logger } from 'pino';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';
import { BUILDER, hasSources, hasTool, isStale } from './console-sources.ts';

const BUILD_MS = bound(
  'time for the build of the console',
  5 * 60_000,
  'ms',
  'the build is ended, and the page says so',
);
const SHOWN_CHARACTERS = bound(
  'what a failed build of the console said',
  4_000,
  'characters',
  'only the last characters are shown',
);

/** What is the case with the build of the console. */
export type Build =
  /** This node shows no console. */
  | { readonly kind: 'off' }
  /** Nothing is to be built, or the build is done. */
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly ms: number }
  | { readonly kind: 'failed'; readonly reason: string }
  /** What builds is not installed, so that the console is old or absent. */
  | { readonly kind: 'uninstalled' };

export interface ConsoleBuildOptions {
  /** The folder of the console, with its sources in a checkout. Its URL ends with a slash. */
  readonly home: URL;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Builds the console of a checkout in a process of its own, with low priority, if its sources are newer than what was built.
 * The process ends with the node.
 */
export class ConsoleBuild {
  readonly #options: ConsoleBuildOptions;
  #begun: Promise<void> | undefined;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #ended: Build = { kind: 'none' };
  #stopped = false;

  constructor(options: ConsoleBuildOptions) {
    this.#options = options;
  }

  /** What is the case now. The first call begins the build, if one is needed. */
  async state(): Promise<Build> {
    await (this.#begun ??= this.#begin());
    if (this.#child === undefined) return this.#afterwards();
    return { kind: 'running', ms: this.#options.clock.elapsed() - this.#startedAt };
  }

  /** Ends the build, and begins no other. */
  stop(): void {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
  }

  /** Somebody may have built the console by hand after it could not be built here. */
  async #afterwards(): Promise<Build> {
    if (this.#ended.kind !== 'none' && !(await isStale(this.#options.home))) this.#ended = { kind: 'none' };
    return this.#ended;
  }

  async #begin(): Promise<void> {
    const { home } = this.#options;
    if (!(await hasSources(home)) || !(await isStale(home)) || this.#stopped) return;
    if (hasTool(home)) this.#run();
    else this.#ended = { kind: 'uninstalled' };
  }

  #run(): void {
    const { home, log, clock } = this.#options;
    this.#startedAt = clock.elapsed();
    log.info('the console is being built');
    const child = spawn(process.execPath, [fileURLToPath(new URL(BUILDER, home)), fileURLToPath(home)], {
      env: environment(),
      // It ends when the channel does, however the node ended.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    lower(child.pid);
    let said = '';
    for (const output of [child.stdout, child.stderr])
      output
        ?.setEncoding('utf8')
        .on('data', (text: string) => (said = (said + text).slice(-SHOWN_CHARACTERS)));
    const cancel = clock.after(BUILD_MS, () => {
      said += `\nThe build took longer than ${BUILD_MS / 1_000} s, and was ended.`;
      child.kill('SIGKILL');
    });
    child.once('error', ({ message }) => (said += `\n${message}`));
    child.once('close', (code) => {
      cancel();
      this.#child = undefined;
      if (this.#stopped) return;
      const ms = Math.round(clock.elapsed() - this.#startedAt);
      if (code === 0) return log.info({ ms }, 'the console is ready');
      const reason = stripVTControlCharacters(said).trim() || 'The build ended without a word.';
      this.#ended = { kind: 'failed', reason };
      log.warn({ ms, reason }, 'the console could not be built');
    });
  }
}

/** The build is told no setting of the hub, of which some are secrets. */
function environment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('BELFRY_'));
  return { ...Object.fromEntries(others), NODE_ENV: 'production', NO_COLOR: '1', FORCE_COLOR: '0' };
}

function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not permit it. Then the build has the priority of the hub.
  }
}
