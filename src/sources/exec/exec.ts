import { delayMs } from '../../clients/sdk/backoff.ts';
import { exactPattern } from '../../model/exact-pattern.ts';
import { ChildFailed, CommandError } from '../../clients/cli/errors.ts';
import { byNumber, byTime } from '../positions.ts';
import type { SourceContext, Unit } from '../source.ts';
import { rest } from '../rest.ts';
import { runChild, type Ended } from './child.ts';
import { lineEvents, type LineEvent } from './line-event.ts';
import type { ExecOptions } from './options.ts';

/** A command that ran for this long counts as working, so that the next pause is the first again. */
const PROVEN_MS = 5_000;
const BY = { time: byTime, number: byNumber } as const;

/**
 * Runs a command and publishes each line that it prints, until the source is ended or the command has ended and is not to be
 * started again.
 * @throws CommandError where the command cannot be started, and with its code where it failed
 */
export async function execSource(context: SourceContext, options: ExecOptions): Promise<void> {
  const { clock, signal, health, note } = context;
  const run = new Execution(context, options);
  for (let attempt = 0; !signal.aborted; attempt++) {
    const beganAt = clock.elapsed();
    const ended = await run.once();
    if (signal.aborted) return;
    const hasFailed = ended.code !== 0;
    const how = ended.signal === null ? `code ${ended.code}` : ended.signal;
    if (options.restart === 'never' || (options.restart === 'on-failure' && !hasFailed)) {
      if (hasFailed) throw new ChildFailed(ended.code ?? 1, `The command ended with ${how}.`);
      return;
    }
    if (clock.elapsed() - beganAt >= PROVEN_MS) attempt = 0;
    const pauseMs = Math.round(delayMs('backoff', attempt, Math.random));
    note(`the command ended with ${how}; again in ${pauseMs} ms`);
    health.behind('command', `It ended with ${how}.`);
    await rest(pauseMs, context);
  }
}

/** The runs of one command, whose lines are one unit; lines that have no position of their own are another. */
class Execution {
  readonly #context: SourceContext;
  readonly #options: ExecOptions;
  readonly #placed: Unit | undefined;
  readonly #others: Unit;
  readonly #status: Unit | undefined;
  readonly #eventOf: ReturnType<typeof lineEvents>;

  constructor(context: SourceContext, options: ExecOptions) {
    const { publisher } = context;
    const { at, order, status } = options;
    const patterns = [patternOf(options)];
    const whenFull = 'wait';
    this.#context = context;
    this.#options = options;
    this.#others = publisher.unit('output', { patterns, whenFull });
    if (at !== undefined)
      this.#placed = publisher.unit('positions', { patterns, whenFull, ...(order && { order: BY[order] }) });
    if (status === true) this.#status = publisher.unit('status', { patterns: ['exec.*.*'], whenFull });
    this.#eventOf = lineEvents(options);
  }

  /** Runs the command to its end. @throws CommandError */
  async once(): Promise<Ended> {
    const { signal, health } = this.#context;
    const { words } = this.#options;
    const last = await this.#placed?.resume();
    const startedAt = this.#context.clock.elapsed();
    try {
      const ended = await runChild({
        words,
        env: last === undefined ? {} : { BELFRY_SOURCE_AT: last.at },
        signal,
        started: (pid) => {
          health.caughtUp('command');
          void this.#tell('start', { command: words[0], pid });
        },
        line: (line, stream) => this.#publish(this.#eventOf(line, stream)),
      });
      const ms = Math.round(this.#context.clock.elapsed() - startedAt);
      await this.#tell('end', { command: words[0], ...ended, ms });
      return ended;
    } catch (cause) {
      const { code = '', message } = cause as NodeJS.ErrnoException;
      if (!/^(?:ENOENT|EACCES|ENOEXEC)$/.test(code)) throw cause;
      throw new CommandError('usage', `"${words[0]}" cannot be started: ${message}.`, { cause });
    }
  }

  async #publish({ at, ...event }: LineEvent): Promise<void> {
    const time = this.#now();
    const unit = at === undefined ? this.#others : (this.#placed ?? this.#others);
    await unit.publish({ time, ...event, at: at ?? time });
  }

  async #tell(action: 'start' | 'end', object: object): Promise<void> {
    const { key } = this.#options;
    const about = key.includes('{{') ? this.#context.name : key;
    const time = this.#now();
    await this.#status?.publish({ type: 'exec', action, key: about, time, at: time, object });
  }

  #now(): string {
    return new Date(this.#context.clock.now()).toISOString();
  }
}

/** What the lines become, as far as that is known before there are any. */
function patternOf({ type, action, key, lines }: ExecOptions): string {
  if (lines === 'event') return '*.*.*';
  return exactPattern(...([type, action, key].map((part) => (part.includes('{{') ? undefined : part)) as []));
}
