import { nodeFetch } from '../cli/node-fetch.ts';
import type { Check, Need, Suite } from './check.ts';
import { Failed, type Result, Skipped } from './outcome.ts';
import { Socket } from './socket.ts';
import { Subject, type Server } from './subject.ts';
import { wait } from './time.ts';

/** Which checks run, and what they may do. */
export interface Selection {
  readonly suites: readonly Suite[];
  /** The suites were named by the user, so that a server which does not have one fails. */
  readonly named: boolean;
  readonly selects: (name: string) => boolean;
  readonly limits: boolean;
  readonly quick: boolean;
  /** How long events of others are watched, in milliseconds. */
  readonly observeMs: number;
}

const REACHED_MS = 10_000;
/** Stands for the status of an answer that did not come. */
const UNANSWERED = 0;

/** The name of the check of all frames. */
const FRAMES = 'frames';

/** Answers to a handshake that say that there is a socket, but not for this client or not now. */
const SERVED: ReadonlySet<number> = new Set([101, 400, 401, 403, 426, 429, 500, 503]);

const MISSING: Readonly<Record<Need, string>> = {
  publish: '',
  token: 'no token was given: --token, or --secret-file',
  secret: 'no secret was given: --secret-file',
  origin: 'no origin was named that the settings of the server allow: --origin',
  limits: 'others may notice it: --limits permits it',
  time: 'it waits for a timeout of the document, and --quick was given',
};

/** Whether anybody answers at the address of the server, whatever the answer is. */
export async function isReachable({ base, insecure }: Server): Promise<boolean> {
  try {
    await nodeFetch({}, insecure)(base, { signal: AbortSignal.timeout(REACHED_MS) });
    return true;
  } catch {
    return false;
  }
}

/** What `--list` shows, in the order in which the checks are reported. */
export function listed({
  suites,
  selects,
}: Pick<Selection, 'suites' | 'selects'>): Omit<Result, 'state' | 'ms'>[] {
  return suites.flatMap(({ dialect, checks, frames }) =>
    [...checks, { ...frames, name: FRAMES }]
      .filter(({ name }) => selects(`${dialect}.${name}`))
      .map(({ name, says, place, ...more }) => {
        const needs = 'needs' in more ? (more.needs ?? []) : [];
        return {
          dialect,
          check: name,
          says,
          place,
          ...(needs.length > 0 && { detail: `needs ${needs.join(', ')}` }),
        };
      }),
  );
}

/** Runs the checks of all suites at once, and yields the results of each suite when all of them are there, in order. */
export async function* conform(server: Server, selection: Selection): AsyncGenerator<readonly Result[]> {
  const runs = selection.suites.map((suite) => new SuiteRun(server, suite, selection).run());
  // A suite that fails is reported when its turn comes, and must not end the process before that.
  for (const run of runs) run.catch(() => undefined);
  for (const run of runs) yield await run;
}

const isLate = ({ needs = [] }: Check): boolean => needs.includes('limits');
const isLong = ({ needs = [] }: Check): boolean => needs.includes('time') && !needs.includes('limits');

class SuiteRun {
  readonly #server: Server;
  readonly #suite: Suite;
  readonly #selection: Selection;
  readonly #subjects: Subject[] = [];
  #entry = '/ws';

  constructor(server: Server, suite: Suite, selection: Selection) {
    this.#server = server;
    this.#suite = suite;
    this.#selection = selection;
  }

  async run(): Promise<readonly Result[]> {
    const { dialect, checks } = this.#suite;
    const { selects, named } = this.#selection;
    const chosen = checks.filter(({ name }) => selects(`${dialect}.${name}`));
    const wantsFrames = selects(`${dialect}.${FRAMES}`);
    if (chosen.length === 0 && !wantsFrames) return [];
    const absent = await this.#find();
    if (absent !== undefined && !named)
      return chosen.map((check) => resultOf(this.#suite, check, 0, new Skipped(absent)));
    const observed = this.#observe();
    const long = chosen.filter(isLong).map((check) => this.#check(check));
    const results = new Map<string, Result>();
    const keep = (result: Result): unknown => results.set(result.check, result);
    for (const check of chosen) if (!isLong(check) && !isLate(check)) keep(await this.#check(check));
    for (const result of await Promise.all(long)) keep(result);
    await observed;
    // The limits of connections count those of the checks before.
    for (const check of chosen) if (isLate(check)) keep(await this.#check(check));
    if (wantsFrames) keep(this.#frames());
    return [...chosen.map(({ name }) => name), FRAMES].flatMap((name) => results.get(name) ?? []);
  }

  /** Finds where `/ws` of the dialect is. The result is the reason why the server does not seem to have the dialect. */
  async #find(): Promise<string | undefined> {
    const { dialect, paths } = this.#suite;
    const { socketPath } = this.#server;
    if (socketPath !== undefined) {
      this.#entry = socketPath;
      return undefined;
    }
    const tried: string[] = [];
    for (const path of paths) {
      const own = path === '/ws' ? `/${dialect}/ws` : path;
      const answer = await this.#statusAt(own);
      if (SERVED.has(answer)) {
        if (path === '/ws') this.#entry = own;
        return undefined;
      }
      tried.push(`${own} answered ${answer}`);
    }
    return `it is not served here: ${tried.join(', ')}. Name it with --dialect ${dialect} if the URL is that of ${this.#suite.system} itself`;
  }

  async #statusAt(path: string): Promise<number> {
    const subject = new Subject(this.#server, this.#suite, path);
    try {
      const opened = await subject.attempt(path);
      return opened instanceof Socket ? 101 : opened.status;
    } catch (error) {
      // That nobody answers in time is what the checks find as well.
      if (error instanceof Failed) return UNANSWERED;
      throw error;
    } finally {
      subject.close();
    }
  }

  #subject(): Subject {
    const subject = new Subject(this.#server, this.#suite, this.#entry);
    this.#subjects.push(subject);
    return subject;
  }

  async #observe(): Promise<void> {
    const { observeMs } = this.#selection;
    if (observeMs === 0) return;
    const subject = this.#subject();
    try {
      await this.#suite.observe(subject);
      await wait(this.#server.time, observeMs);
    } catch (error) {
      // That it cannot be opened is what other checks find.
      if (!(error instanceof Failed) && !(error instanceof Skipped)) throw error;
    } finally {
      subject.close();
    }
  }

  async #check(check: Check): Promise<Result> {
    const lack = this.#lackOf(check);
    if (lack !== undefined) return resultOf(this.#suite, check, 0, new Skipped(lack));
    const subject = this.#subject();
    const start = performance.now();
    let outcome: unknown;
    try {
      outcome = await check.run(subject);
    } catch (error) {
      outcome = error;
    }
    const result = resultOf(this.#suite, check, performance.now() - start, outcome, subject);
    subject.close();
    return result;
  }

  #lackOf({ needs = [] }: Check): string | undefined {
    const { token, tokens, origin } = this.#server;
    const { limits, quick } = this.#selection;
    const lacks: Readonly<Record<Need, boolean>> = {
      publish: false,
      token: token === undefined,
      secret: tokens === undefined,
      origin: origin === undefined,
      limits: !limits,
      time: quick,
    };
    const missing = needs.filter((need) => lacks[need]);
    return missing.length === 0 ? undefined : missing.map((need) => MISSING[need]).join('; ');
  }

  /** Looks at every frame that came in all checks of the suite. */
  #frames(): Result {
    const { frames } = this.#suite;
    const sockets = this.#subjects.flatMap((subject) => subject.sockets);
    const all = sockets.flatMap((socket) => socket.frames.map((frame) => ({ ...frame, path: socket.path })));
    const check = { ...frames, name: FRAMES };
    if (all.length === 0)
      return resultOf(
        this.#suite,
        check,
        0,
        new Skipped('no frame came: --observe waits for those of others'),
      );
    const faults = all.flatMap(({ text, isBinary, path }) => {
      const fault = isBinary ? 'it is binary' : frames.faultOf(text, path);
      return fault === undefined ? [] : [{ fault, text }];
    });
    const [first] = faults;
    if (first === undefined) return resultOf(this.#suite, check, 0, `${all.length} frames`);
    const failed = new Failed(
      `only such frames; ${faults.length} of ${all.length} are others: ${first.fault}`,
    );
    const came = faults.slice(0, 5).map(({ text }) => text.slice(0, 400));
    return { ...resultOf(this.#suite, check, 0, failed), sent: [], came };
  }
}

function resultOf(
  { dialect }: Suite,
  { name, says, place }: Pick<Check, 'name' | 'says' | 'place'>,
  ms: number,
  outcome: unknown,
  subject?: Subject,
): Result {
  const about = { dialect, check: name, says, place, ms: Math.round(ms) };
  if (outcome === undefined) return { ...about, state: 'passed' };
  if (typeof outcome === 'string') return { ...about, state: 'passed', detail: outcome };
  if (outcome instanceof Skipped) return { ...about, state: 'skipped', detail: outcome.message };
  const expected =
    outcome instanceof Failed
      ? outcome.message
      : `an answer that can be read, and got: ${messageOf(outcome)}`;
  return { ...about, state: 'failed', detail: `expected ${expected}`, ...subject?.transcript.lines };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : JSON.stringify(thrown);
}
