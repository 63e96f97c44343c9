import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Access } from '../../../src/sources/kubernetes/access.ts';
import { ApiClient } from '../../../src/sources/kubernetes/api-client.ts';
import type { ApiError } from '../../../src/sources/kubernetes/api-error.ts';
import { KnownObjects, type Change, type Known } from '../../../src/sources/kubernetes/known-objects.ts';
import type { Selection } from '../../../src/sources/kubernetes/list-and-watch.ts';
import { resourceName, textOf } from '../../../src/sources/kubernetes/resource.ts';
import { ResourceWatch } from '../../../src/sources/kubernetes/resource-watch.ts';
import { DEPLOYMENTS, KubernetesApi, PERSONAS, SECRETS, status } from '../../support/kubernetes-api.ts';

interface WatchOptions extends Partial<Omit<Selection, 'resource'>> {
  readonly resource?: string;
  readonly told?: Iterable<readonly [string, Known]>;
  readonly isFurther?: boolean;
  readonly silenceMs?: number;
  readonly tell?: (change: Change) => Promise<void>;
}

/** A watch that runs until the test ends, and all that it told. */
class Running {
  readonly changes: Change[] = [];
  readonly failures: ApiError[] = [];
  readonly lists: string[] = [];
  readonly refused = vi.fn<() => void>();
  readonly ended: Promise<void>;
  isCaughtUp = false;

  constructor(api: KubernetesApi, options: WatchOptions = {}) {
    const {
      resource = 'clusterpersonas.dorgu.io',
      told = [],
      isFurther = false,
      silenceMs = 10_000,
      tell,
    } = options;
    const { namespace, labelSelector, metadataOnly = false } = options;
    const access: Access = {
      server: new URL(api.url),
      namespace: 'default',
      credentials: () => Promise.resolve({ headers: { Authorization: 'Bearer good' }, tls: {} }),
      refused: this.refused,
    };
    const client = new ApiClient(access);
    const controller = new AbortController();
    const watch = new ResourceWatch({
      client,
      name: resourceName(resource),
      selection: { namespace, labelSelector, metadataOnly },
      isFurther,
      known: new KnownObjects(told),
      tell: async (change) => {
        await tell?.(change);
        this.changes.push(change);
      },
      progress: {
        caughtUp: () => void (this.isCaughtUp = true),
        behind: (error) => {
          this.isCaughtUp = false;
          this.failures.push(error as ApiError);
        },
        listing: (why) => this.lists.push(why),
      },
      times: { seconds: 300, silenceMs },
      clock: systemClock,
      random: () => 0.05,
    });
    this.ended = watch.run(controller.signal);
    onTestFinished(async () => {
      controller.abort();
      await this.ended;
      client.close();
    });
  }

  get texts(): string[] {
    return this.changes.map(({ action, key }) => `${action} ${key}`);
  }
}

/** Waits until the watches of the server are so many. */
const watches = (api: KubernetesApi, count: number): Promise<void> =>
  vi.waitFor(() => expect(api.watches).toBe(count), { timeout: 10_000 });

const watchesFrom = (api: KubernetesApi): (string | null)[] =>
  api.requests
    .map((request) => new URL(request, api.url).searchParams)
    .filter((query) => query.get('watch') === 'true')
    .map((query) => query.get('resourceVersion'));

describe('the watch of a resource', () => {
  it('tells what there is, and then each change', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.create(PERSONAS, 'a');
    const running = new Running(api);
    await watches(api, 1);
    api.create(PERSONAS, 'b');
    api.update(PERSONAS, 'a', { spec: { environment: 'production' } });
    api.delete(PERSONAS, 'b');
    await expect.poll(() => running.texts).toEqual(['added a', 'added b', 'updated a', 'deleted b']);
    expect(running.isCaughtUp).toBe(true);
    expect(running.lists).toEqual(['start']);
  });

  it('tells nothing again of what was told before it began, and deletions of what went since', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const same = api.create(PERSONAS, 'same').metadata;
    const changed = api.create(PERSONAS, 'changed').metadata;
    api.update(PERSONAS, 'changed', { spec: {} });
    api.create(PERSONAS, 'again');
    const running = new Running(api, {
      told: [
        ['same', same],
        ['changed', changed],
        ['again', { uid: 'that of another object', resourceVersion: '1' }],
        ['gone', { uid: 'u', resourceVersion: '2' }],
      ],
    });
    await expect
      .poll(() => running.texts)
      .toEqual(['updated changed', 'deleted again', 'added again', 'deleted gone']);
  });

  it('reads a list of many pages, each once', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.pageMax = 10;
    const names = Array.from({ length: 35 }, (_, i) => `c${i}`);
    for (const name of names) api.create(PERSONAS, name);
    const running = new Running(api);
    await expect.poll(() => running.texts).toEqual(names.map((name) => `added ${name}`));
    expect(api.requests.filter((request) => request.includes('limit='))).toHaveLength(4);
  });

  it('begins a list again whose pages were forgotten in between, and tells nothing twice', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.pageMax = 2;
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.create(PERSONAS, name);
    let isForgotten = false;
    const running = new Running(api, {
      tell: () => {
        if (!isForgotten) api.compact();
        isForgotten = true;
        return Promise.resolve();
      },
    });
    await expect.poll(() => running.texts).toEqual(['added a', 'added b', 'added c', 'added d', 'added e']);
    expect(running.lists).toEqual(['start', 'forgotten']);
  });

  it('goes on from its last version when the server ends it, or the connection is cut', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const running = new Running(api);
    await watches(api, 1);
    api.create(PERSONAS, 'a');
    await expect.poll(() => running.texts).toEqual(['added a']);
    api.cut();
    api.create(PERSONAS, 'b');
    await expect.poll(() => running.texts).toEqual(['added a', 'added b']);
    api.endWatches();
    api.create(PERSONAS, 'c');
    await expect.poll(() => running.texts).toEqual(['added a', 'added b', 'added c']);
    expect(running.lists).toEqual(['start']);
    expect(watchesFrom(api)).toEqual(['1000', '1001', '1002']);
  });

  it('goes on from the version of a bookmark, although nothing changed in between', async () => {
    const api = await KubernetesApi.start(PERSONAS, DEPLOYMENTS);
    const running = new Running(api);
    await watches(api, 1);
    for (let i = 0; i < 5; i++) api.create(DEPLOYMENTS, `d${i}`, {}, { namespace: 'n' });
    api.bookmark();
    api.create(PERSONAS, 'a');
    await expect.poll(() => running.texts).toEqual(['added a']);
    api.delete(DEPLOYMENTS, 'd0', 'n');
    api.bookmark();
    api.endWatches();
    await vi.waitFor(() => expect(watchesFrom(api)).toEqual(['1000', '1007']), { timeout: 10_000 });
  });

  it.each(['in the answer', 'within the stream'])(
    'lists and compares when the server says %s that it forgot the version',
    async (where) => {
      const api = await KubernetesApi.start(PERSONAS);
      for (const name of ['a', 'b', 'c']) api.create(PERSONAS, name);
      const running = new Running(api);
      await watches(api, 1);
      const refusal = { status: 410, body: status(410, 'Expired', 'too old resource version: 1 (2)') };
      if (where === 'in the answer') api.refusals.push(refusal);
      api.cut();
      api.delete(PERSONAS, 'b');
      api.update(PERSONAS, 'c', { spec: {} });
      api.compact();
      await expect
        .poll(() => running.texts)
        .toEqual(['added a', 'added b', 'added c', 'updated c', 'deleted b']);
      await watches(api, 1);
      api.expireWatches();
      api.create(PERSONAS, 'd');
      await expect
        .poll(() => running.texts)
        .toEqual(['added a', 'added b', 'added c', 'updated c', 'deleted b', 'added d']);
      expect(running.isCaughtUp).toBe(true);
      expect(running.lists.slice(0, 2)).toEqual(['start', 'forgotten']);
    },
  );

  it('lists again when the database of the server was restored from a backup that is older than its version', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const running = new Running(api);
    await watches(api, 1);
    api.refusals.push({
      status: 504,
      body: status(504, 'Timeout', 'Too large resource version: 1000, current: 7'),
    });
    api.cut();
    await vi.waitFor(() => expect(running.lists).toEqual(['start', 'forgotten']), { timeout: 10_000 });
  });

  it('counts a server that says nothing for too long as lost', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const running = new Running(api, { silenceMs: 200 });
    await vi.waitFor(() => expect(watchesFrom(api).length).toBeGreaterThan(1), { timeout: 10_000 });
    expect(running.failures[0]?.message).toContain('said nothing for 0.2 s');
    expect(watchesFrom(api).slice(0, 2)).toEqual(['1000', '1000']);
  });

  it('lists everything after two watches in which not even a bookmark came', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const running = new Running(api, { silenceMs: 200 });
    await vi.waitFor(() => expect(running.lists).toEqual(['start', 'silent']), { timeout: 10_000 });
    expect(watchesFrom(api).slice(0, 2)).toEqual(['1000', '1000']);
  });

  it.each([
    [500, {}, /500/],
    [503, {}, /503/],
    [429, {}, /429.*API Priority and Fairness/],
    [
      403,
      status(403, 'Forbidden', 'clusterpersonas.dorgu.io is forbidden'),
      /is forbidden.*get, list and watch/,
    ],
    [401, status(401, 'Unauthorized', 'Unauthorized'), /credentials/],
  ])('tries on after a refusal with %i, and says what was expected', async (code, body, message) => {
    const api = await KubernetesApi.start(PERSONAS);
    api.create(PERSONAS, 'a');
    api.refusals.push({ status: code, body }, { status: code, body });
    const running = new Running(api);
    await expect.poll(() => running.texts).toEqual(['added a']);
    expect(running.failures.map((error) => error.status)).toEqual([code, code]);
    expect(running.failures[0]?.message).toMatch(message);
    expect(running.refused).toHaveBeenCalledTimes(code === 401 ? 2 : 0);
  });

  it('asks no sooner than the server permits', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.refusals.push({ status: 429, headers: { 'Retry-After': '1' } });
    const before = performance.now();
    const running = new Running(api);
    await watches(api, 1);
    expect(performance.now() - before).toBeGreaterThanOrEqual(990);
    expect(running.failures).toHaveLength(1);
  });

  it('waits for a definition that is installed later', async () => {
    const api = await KubernetesApi.start();
    const running = new Running(api);
    await vi.waitFor(() => expect(running.failures).not.toEqual([]), { timeout: 10_000 });
    expect(running.failures[0]?.message).toMatch(/404.*may not be installed yet/);
    api.serve(PERSONAS);
    api.create(PERSONAS, 'a');
    await expect.poll(() => running.texts).toEqual(['added a']);
  });

  it('survives an answer that is no JSON, as from a proxy in between', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    const running = new Running(api);
    await watches(api, 1);
    api.refusals.push({ status: 200, body: undefined as never });
    api.refusals.push({ status: 502 });
    api.cut();
    api.create(PERSONAS, 'a');
    await expect.poll(() => running.texts).toEqual(['added a']);
  });

  it('watches one namespace where one is named', async () => {
    const api = await KubernetesApi.start(DEPLOYMENTS);
    api.create(DEPLOYMENTS, 'web', {}, { namespace: 'shop' });
    api.create(DEPLOYMENTS, 'web', {}, { namespace: 'other' });
    const running = new Running(api, { resource: 'deployments.apps', namespace: 'shop' });
    await watches(api, 1);
    api.update(DEPLOYMENTS, 'web', { spec: {} }, 'other');
    api.update(DEPLOYMENTS, 'web', { spec: {} }, 'shop');
    await expect.poll(() => running.texts).toEqual(['added shop/web', 'updated shop/web']);
  });

  it('leaves what stands in no namespace to the watch of the first one', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.create(PERSONAS, 'a');
    const running = new Running(api, { namespace: 'second', isFurther: true });
    await running.ended;
    expect(running.changes).toEqual([]);
  });

  it('watches only what the labels select', async () => {
    const api = await KubernetesApi.start(DEPLOYMENTS);
    api.create(DEPLOYMENTS, 'a', {}, { namespace: 'n', labels: { app: 'a' } });
    api.create(DEPLOYMENTS, 'b', {}, { namespace: 'n', labels: { app: 'b' } });
    const running = new Running(api, { resource: 'deployments.apps', labelSelector: 'app=b' });
    await expect.poll(() => running.texts).toEqual(['added n/b']);
  });

  it('never asks for more than the metadata of Secrets', async () => {
    const api = await KubernetesApi.start(SECRETS);
    api.create(SECRETS, 'a', { data: { key: 'c2VjcmV0' } }, { namespace: 'n' });
    const running = new Running(api, { resource: 'secrets', metadataOnly: true });
    await watches(api, 1);
    api.update(SECRETS, 'a', { data: { key: 'b3RoZXI=' } }, 'n');
    await expect.poll(() => running.texts).toEqual(['added n/a', 'updated n/a']);
    expect(JSON.stringify(running.changes)).not.toMatch(/c2VjcmV0|b3RoZXI/);
  });

  it('reads no further while what it told finds no room', async () => {
    const api = await KubernetesApi.start(PERSONAS);
    api.pageMax = 1;
    for (const name of ['a', 'b', 'c']) api.create(PERSONAS, name);
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = new Running(api, { tell: () => promise });
    await vi.waitFor(() => expect(api.requests.some((request) => request.includes('limit='))).toBe(true));
    const pages = (): number => api.requests.filter((request) => request.includes('limit=')).length;
    await new Promise((done) => setTimeout(done, 50));
    expect(pages()).toBe(1);
    resolve();
    await expect.poll(() => running.texts).toEqual(['added a', 'added b', 'added c']);
  });
});

describe('the name of a resource', () => {
  it.each([
    ['pods', { plural: 'pods', version: undefined, group: '' }],
    ['deployments.apps', { plural: 'deployments', version: undefined, group: 'apps' }],
    ['deployments.v1.apps', { plural: 'deployments', version: 'v1', group: 'apps' }],
    [
      'gateways.v1beta1.gateway.networking.k8s.io',
      { plural: 'gateways', version: 'v1beta1', group: 'gateway.networking.k8s.io' },
    ],
    ['pods.v1', { plural: 'pods', version: 'v1', group: '' }],
  ])('%s is read as kubectl reads it', (text, name) => {
    expect(resourceName(text)).toEqual(name);
  });

  it.each(['', 'Pods', 'pods/log', 'a b'])('"%s" is refused', (text) => {
    expect(() => resourceName(text)).toThrow(/Expected a plural/);
  });

  it('is written without its version for a reader', () => {
    expect(textOf(resourceName('deployments.v1.apps'))).toBe('deployments.apps');
  });
});
