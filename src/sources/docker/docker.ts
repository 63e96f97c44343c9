import { Gauge } from 'prom-client';
import { delayMs } from '../../clients/sdk/backoff.ts';
import type { HubEvent } from '../../clients/sdk/item.ts';
import { isPassing } from '../hub-fault.ts';
import { rest } from '../rest.ts';
import type { SourceContext } from '../source.ts';
import { App, type AppParts, type AppStatus, type ToldStatus, REMOVED } from './app.ts';
import { appIds } from './app-id.ts';
import type { Container } from './container.ts';
import { Engine } from './engine.ts';
import { EngineWatch } from './engine-watch.ts';
import type { DockerOptions } from './options.ts';

/** Publishes what happens to the containers of an engine, and their logs and samples while somebody listens. */
export async function dockerSource(context: SourceContext, options: DockerOptions): Promise<void> {
  const engine = new Engine(options.host);
  const states = context.publisher.unit('states', {
    patterns: ['container.status,end,error.*'],
    whenFull: 'wait',
  });
  const apps = new Apps({ context, engine, states }, options.appId, await toldStates(context));
  new Gauge({
    name: 'belfry_source_docker_streams',
    help: 'Streams of logs, samples and events that are open to the engine.',
    registers: [context.metrics],
    collect() {
      this.set(engine.openStreams);
    },
  });
  await new EngineWatch({
    context,
    engine,
    put: (container) => apps.put(container),
    gone: (id) => apps.gone(id),
    listed: () => apps.listed(),
  }).run();
}

/** All apps that there are, and which container belongs to which. */
class Apps {
  readonly #parts: AppParts;
  readonly #idOf: ReturnType<typeof appIds>;
  readonly #apps = new Map<string, App>();
  readonly #appOf = new Map<string, string>();
  /** What the hub has of apps that were not seen yet. */
  readonly #told: Map<string, ToldStatus>;

  constructor(parts: AppParts, templates: readonly string[], told: Map<string, ToldStatus>) {
    this.#parts = parts;
    this.#idOf = appIds(templates);
    this.#told = told;
  }

  put(container: Container): void {
    const id = this.#idOf(container);
    const before = this.#appOf.get(container.id);
    // It got another name.
    if (before !== undefined && before !== id) this.gone(container.id);
    if (id === undefined) return;
    this.#appOf.set(container.id, id);
    this.#app(id).put(container);
  }

  gone(containerId: string): void {
    const id = this.#appOf.get(containerId);
    if (id === undefined) return;
    this.#appOf.delete(containerId);
    const app = this.#app(id);
    app.remove(containerId);
    if (!app.isEmpty) return;
    app.close();
    this.#apps.delete(id);
  }

  /** Apps that went away while this source was away are told of now. */
  listed(): void {
    for (const id of this.#told.keys()) {
      const app = this.#app(id);
      if (app.isEmpty) {
        app.missing();
        app.close();
        this.#apps.delete(id);
      }
    }
  }

  #app(id: string): App {
    let app = this.#apps.get(id);
    if (app === undefined) {
      app = new App(id, this.#parts, this.#told.get(id));
      this.#told.delete(id);
      this.#apps.set(id, app);
    }
    return app;
  }
}

type Told = Map<string, ToldStatus>;

/** The states of apps that the hub has from this source, by the id of the app. It waits while the hub is away. */
async function toldStates(context: SourceContext): Promise<Told> {
  const { signal, note } = context;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await readStates(context);
    } catch (error) {
      if (!isPassing(error)) {
        note(`containers that went away meanwhile are not told of: ${(error as Error).message}`);
        break;
      }
      await rest(delayMs('backoff', failures, Math.random), context);
    }
  }
  return new Map();
}

async function readStates({ session, name }: SourceContext): Promise<Told> {
  const told: Told = new Map();
  const path = 'api/v3/container?as=events&action=status';
  for await (const { key, object, time, metadata } of session.pages<HubEvent<AppStatus>>(path)) {
    const { source } = (metadata ?? {}) as { readonly source?: { readonly name?: string } };
    if (source?.name === name && object.state !== REMOVED)
      told.set(key, { status: object, atMs: Date.parse(time) });
  }
  return told;
}
