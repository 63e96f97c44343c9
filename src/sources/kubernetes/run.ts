import { CommandError } from '../../clients/cli/errors.ts';
import { delayMs } from '../../clients/sdk/backoff.ts';
import { Grants } from '../../model/principal.ts';
import { isPassing } from '../hub-fault.ts';
import { pause } from '../pause.ts';
import type { SourceContext, Term } from '../source.ts';
import type { Access } from './access.ts';
import { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { eventOf, isSecret, typeOf } from './event-of.ts';
import { ACTIONS, KnownObjects } from './known-objects.ts';
import { WATCH_TIMES, type WatchTimes } from './list-and-watch.ts';
import { KubernetesMetrics } from './metrics.ts';
import { textOf } from './resource.ts';
import { ResourceWatch, type Progress, type Why } from './resource-watch.ts';
import type { KubernetesSettings, Watched } from './settings.ts';
import { toldObjects, type Told } from './told-objects.ts';

export interface KubernetesParts {
  readonly settings: KubernetesSettings;
  readonly access: Access;
  readonly times?: WatchTimes;
}

/** Publishes the changes of the resources of a cluster whenever this process leads, until the signal of the context ends it. */
export async function runKubernetes(context: SourceContext, parts: KubernetesParts): Promise<void> {
  const { watched, namespaces } = parts.settings;
  await checkGrants(context, watched);
  const client = new ApiClient(parts.access);
  const metrics = new KubernetesMetrics(context.metrics);
  const each = namespaces.length === 0 ? [undefined] : namespaces;
  try {
    await context.lead(async (term) => {
      const all = { ...parts, context, client, metrics, term };
      const follows = watched.flatMap((one) =>
        each.map((namespace, i) => new Follow(all, one, namespace, i > 0)),
      );
      await Promise.all(follows.map((follow) => follow.run()));
    });
  } finally {
    client.close();
  }
}

interface FollowParts extends KubernetesParts {
  readonly context: SourceContext;
  readonly client: ApiClient;
  readonly metrics: KubernetesMetrics;
  readonly term: Term;
}

/** One resource, of one namespace or of all: from what the hub knows to what the API server has, and on from there. */
class Follow implements Progress {
  readonly #parts: FollowParts;
  readonly #watched: Watched;
  readonly #namespace: string | undefined;
  readonly #isFurther: boolean;
  /** The resource and its namespace, in words and as the name of the unit. */
  readonly #part: string;
  /** What was said last, so that a failure which stays is said once. */
  #said: string | undefined;

  constructor(parts: FollowParts, watched: Watched, namespace: string | undefined, isFurther: boolean) {
    this.#parts = parts;
    this.#watched = watched;
    this.#namespace = namespace;
    this.#isFurther = isFurther;
    this.#part = textOf(watched.name) + (namespace === undefined ? '' : `/${namespace}`);
  }

  async run(): Promise<void> {
    const { health } = this.#parts.context;
    health.behind(this.#part, `${this.#part} is not listed yet.`);
    await this.#follow();
    // From now on another process tells this.
    health.caughtUp(this.#part);
  }

  async #follow(): Promise<void> {
    const { context, client, settings, metrics, term, times = WATCH_TIMES } = this.#parts;
    const { name, isClusters } = this.#watched;
    const type = typeOf(name, isClusters);
    const told = await this.#told(type);
    if (told === undefined) return;
    const known = new KnownObjects([...told.objects].filter(([key]) => this.#has(key)));
    const unit = context.publisher.unit(this.#part, { patterns: [`${type}.*.*`], whenFull: 'wait', term });
    const watch = new ResourceWatch({
      client,
      name,
      selection: {
        namespace: this.#namespace,
        labelSelector: settings.labelSelector,
        metadataOnly: isSecret(name),
      },
      isFurther: this.#isFurther,
      known,
      tell: async (change, resource) => {
        metrics.objects.set({ resource: this.#part }, known.size);
        await unit.publish(eventOf(change, resource, isClusters));
      },
      progress: this,
      times,
      clock: context.clock,
      random: Math.random,
    });
    await watch.run(term.signal);
    await unit.close();
  }

  caughtUp(): void {
    const { context } = this.#parts;
    context.health.caughtUp(this.#part);
    if (this.#said !== undefined) context.note(`${this.#part}: the API server answers again`);
    this.#said = undefined;
  }

  behind(error: Error): void {
    const { context, metrics } = this.#parts;
    const { message } = error;
    context.health.behind(this.#part, message);
    metrics.failures.inc({ resource: this.#part, status: error instanceof ApiError ? error.status : 0 });
    if (message === this.#said) return;
    this.#said = message;
    context.note(`${this.#part}: ${message} Trying on`);
  }

  listing(reason: Why): void {
    this.#parts.metrics.lists.inc({ resource: this.#part, reason });
  }

  /** Whether the key of an object that was told is in what this watches. */
  #has(key: string): boolean {
    const slash = key.indexOf('/');
    if (this.#namespace === undefined) return true;
    return slash === -1 ? !this.#isFurther : key.slice(0, slash) === this.#namespace;
  }

  /** Reads what the hub knows. `undefined` when the term is over before. */
  async #told(type: string): Promise<Told | undefined> {
    const { context, term } = this.#parts;
    const told = await untilAnswered(context, this.#part, term.signal, () =>
      toldObjects(context.session, type, context.name),
    );
    if (told?.from === 'log') context.note(logOnly(type));
    return told;
  }
}

/** Asks the hub, and waits while it is away. `undefined` when the signal is aborted before. @throws HubError */
async function untilAnswered<T>(
  { health, clock }: SourceContext,
  part: string,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
      health.behind(part, `The hub does not answer what it knows: ${(error as Error).message}`);
      await pause(clock, delayMs('backoff', attempt, Math.random), signal);
    }
  }
  return undefined;
}

function logOnly(type: string): string {
  return (
    `the hub keeps no latest values of ${type}, so after a start this source knows only what the log still has. ` +
    `What went while it was away is told for certain with the rule {"pattern":"${type}.*.*","latest":true} in BELFRY_RETENTION`
  );
}

interface Me {
  readonly principal: string;
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
}

/**
 * Without the grant to subscribe the hub would show a source nothing of what it told, and everything would be told again at
 * each start. @throws CommandError
 */
async function checkGrants(context: SourceContext, watched: readonly Watched[]): Promise<void> {
  const me = await untilAnswered(context, 'grants', context.signal, () =>
    context.session.read<Me>('api/v3/me'),
  );
  if (me === undefined) return;
  const { principal, subscribe, publish } = me;
  for (const [what, patterns] of Object.entries({ subscribe, publish })) {
    const grants = Grants.parse(patterns);
    const types = watched.map(({ name, isClusters }) => typeOf(name, isClusters));
    const missing = types.find((type) => !ACTIONS.every((action) => grants.permitEveryKey(type, action)));
    if (missing !== undefined)
      throw new CommandError(
        'notPermitted',
        `${principal} may not ${what} ${missing}.*.*. Expected a token with the grants to publish and to subscribe it, since the source reads from the hub what it told last.`,
        { see: 'command#belfry-source-kubernetes' },
      );
  }
  context.health.caughtUp('grants');
}
