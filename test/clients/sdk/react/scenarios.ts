/** What a page does in a browser, with a hub in memory. Each scenario resolves with what it saw. */
import { createElement, StrictMode, useState, type FunctionComponent, type ReactNode, version } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { connect, type Gap } from '../../../../src/clients/sdk/index.ts';
import {
  HubProvider,
  useConnection,
  useEvent,
  useEvents,
  useLatest,
  useList,
  usePresence,
  usePublish,
  type Events,
  type EventsOptions,
} from '../../../../src/clients/sdk/react.ts';
import { fakeHub, type FakeHub } from '../../../../src/clients/sdk/testing.ts';

interface Element {
  innerHTML: string;
  readonly textContent: string;
}
const { document, requestAnimationFrame } = globalThis as unknown as {
  document: { createElement(name: string): Element; readonly body: { append(element: Element): void } };
  requestAnimationFrame: (run: () => void) => void;
};

/** The commands that reached the hub, each as its name and its patterns. */
function worldOf(events?: Parameters<typeof connect>[1]) {
  const fake = fakeHub();
  const commands: string[] = [];
  const hub = connect('http://hub.test', {
    token: () => 'any',
    WebSocket: class extends fake.WebSocket {
      override send(text: string): void {
        const { command, patterns } = JSON.parse(text) as { command: string; patterns?: string[] };
        if (patterns !== undefined) commands.push([command, ...patterns].join(' '));
        super.send(text);
      }
    },
    ...events,
  });
  const host = document.createElement('div');
  document.body.append(host);
  const show = (root: Root, component: FunctionComponent, wrap?: typeof StrictMode): void => {
    const provided = createElement(HubProvider, { hub }, createElement(component));
    root.render(wrap === undefined ? provided : createElement(wrap, null, provided));
  };
  return { fake, hub, commands, host, show, root: createRoot(host) };
}

const frame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** Waits for what a page comes to, and rejects with what never came. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await frame())
    if (Date.now() > end) throw new Error(`This never came: ${String(holds)}`);
}

/** Everything that was promised to happen has happened. */
async function quiet(): Promise<void> {
  for (let n = 0; n < 5; n++) await frame();
}

const codeOf = (error: Error | undefined): string | undefined =>
  (error as { code?: string } | undefined)?.code;
const keysOf = ({ events }: Events): string => events.map(({ key }) => key).join(' ');
const emit = (fake: FakeHub, ...keys: readonly (string | number)[]): void => {
  for (const key of keys) fake.emit(`jobs.save.${key}`, { n: Number(key), parity: Number(key) % 2 });
};

/** Shows what `useEvents` gives, and keeps the last of it. */
function eventsOf(pattern: () => string | string[], options?: () => EventsOptions) {
  const seen: { last: Events | undefined; renders: number } = { last: undefined, renders: 0 };
  const Show = (): ReactNode => {
    seen.renders++;
    seen.last = useEvents(pattern(), options?.());
    return keysOf(seen.last);
  };
  return { seen, Show, isOpen: () => seen.last?.status === 'open' };
}

export const scenarios = {
  version: () => version,

  /** With a hub that runs, of which the first answer is lost. */
  async values(url: string, token: string, tokenOfAda: string) {
    const { fetch } = globalThis;
    let isLost = false;
    globalThis.fetch = () => {
      globalThis.fetch = fetch;
      isLost = true;
      return Promise.reject(new TypeError('the network is gone'));
    };
    const hub = connect(url, { token });
    const [seen, maps] = [{ text: '', status: '' }, new Set<unknown>()];
    const Show = (): ReactNode => {
      const { values, status, error } = useList('machines');
      const { value } = useLatest('machines', 'b');
      const { online } = usePresence('user:ada');
      maps.add(values);
      seen.status = `${status} ${error?.message ?? ''}`.trim();
      seen.text = `${[...values.keys()].join(' ')} | ${value?.action} | ${online}`;
      return null;
    };
    const root = createRoot(document.createElement('div'));
    root.render(createElement(HubProvider, { hub }, createElement(Show)));
    await until(() => seen.text === 'a | undefined | false');
    await hub.publish('machines.save.b', { n: 1 });
    await until(() => seen.text === 'a b | save | false');
    await hub.publish('machines.update.b', { n: 2 });
    await hub.publish('machines.delete.a', null);
    await until(() => seen.text === 'b | update | false');
    const ada = connect(url, { token: tokenOfAda });
    await ada.listen('jobs.*.*').ready;
    await until(() => seen.text === 'b | update | true');
    ada.close();
    await until(() => seen.text === 'b | update | false');
    root.unmount();
    hub.close();
    return { isLost, status: seen.status, maps: maps.size >= 4 };
  },

  async forbidden(url: string, token: string) {
    const hub = connect(url, { token });
    const seen: unknown[] = [];
    const Show = (): ReactNode => {
      const all = [
        useList('secrets'),
        useEvents('secrets.*.*'),
        useEvent('secrets.*.*', () => undefined),
        usePresence('user:ada'),
      ];
      seen.splice(0, 4, ...all.map(({ status, error }) => `${status} ${codeOf(error)}`));
      return null;
    };
    const root = createRoot(document.createElement('div'));
    root.render(createElement(HubProvider, { hub }, createElement(Show)));
    await until(() => seen.length === 4 && seen.every((each) => String(each).startsWith('closed')));
    root.unmount();
    hub.close();
    return seen;
  },

  async strictMode() {
    const { fake, hub, root, show, commands, host } = worldOf();
    let listeners = 0;
    const listen = hub.listen.bind(hub);
    hub.listen = (...args) => {
      listeners++;
      return listen(...args);
    };
    const { Show, isOpen } = eventsOf(() => 'jobs.*.*');
    const heard: unknown[] = [];
    const Both = (): ReactNode => {
      useEvent('jobs.*.*', (item) => heard.push(item.gap ?? item.key));
      return createElement(Show);
    };
    show(root, Both, StrictMode);
    await until(isOpen);
    emit(fake, 1, 2);
    await until(() => host.textContent === '1 2');
    await quiet();
    return { heard, listeners, commands, connections: fake.connections };
  },

  async burst() {
    const { fake, root, show, commands } = worldOf();
    const { Show, seen, isOpen } = eventsOf(() => 'jobs.*.*');
    const heard: number[] = [];
    const Both = (): ReactNode => {
      useEvent('jobs.*.*', (item) => item.gap === undefined && heard.push(Number(item.key)));
      return createElement(Show);
    };
    show(root, Both);
    await until(isOpen);
    const before = seen.renders;
    emit(fake, ...Array.from({ length: 10_000 }, (_, n) => n));
    await until(() => seen.last?.events.at(-1)?.key === '9999');
    const { events = [], dropped, gap } = seen.last ?? {};
    return {
      renders: seen.renders - before,
      kept: events.length,
      inOrder: events.every(({ key }, n) => key === String(9_800 + n)),
      dropped,
      gap,
      heard: heard.length,
      heardInOrder: heard.every((key, n) => key === n),
      joined: commands.filter((command) => command.startsWith('subscribe')).length < 40,
    };
  },

  async literals() {
    const { fake, root, show, commands, host } = worldOf();
    const { Show, seen, isOpen } = eventsOf(
      () => ['jobs.*.*', 'more.*.*'],
      () => ({
        since: new Date(Date.now() - 1_000),
        filters:
          seen.renders % 2 === 0
            ? { action: 'save', 'object.parity': [1] }
            : { 'object.parity': [1], action: 'save' },
      }),
    );
    show(root, Show);
    await until(isOpen);
    for (let n = 0; n < 5; n++) {
      show(root, Show);
      await frame();
    }
    emit(fake, 1, 2, 3);
    await until(() => host.textContent === '1 3');
    const subscribed = commands.filter((command) => command.startsWith('subscribe'));
    return { subscribed, isRendered: seen.renders > 5 };
  },

  async comeAndGo() {
    const { fake, root, show, commands, host } = worldOf();
    const { Show, isOpen, seen } = eventsOf(() => 'jobs.*.*');
    show(root, Show);
    await until(isOpen);
    emit(fake, 1);
    await until(() => host.textContent === '1');
    root.unmount();
    await quiet();
    const left = [...commands];
    const again = createRoot(host);
    show(again, Show);
    await until(() => isOpen() && seen.last?.events.length === 0);
    emit(fake, 2);
    await until(() => host.textContent === '2');
    return { left, commands };
  },

  /** One that goes as another comes leaves nothing behind, and the other one misses nothing. */
  async patternChanges() {
    const { fake, root, show, commands, host } = worldOf();
    let pattern = 'jobs.*.*';
    const { Show, seen, isOpen } = eventsOf(() => pattern);
    show(root, Show);
    await until(isOpen);
    emit(fake, 1);
    await until(() => host.textContent === '1');
    pattern = 'jobs.save.2,3';
    show(root, Show);
    await until(() => host.textContent === '' && isOpen());
    emit(fake, 1, 2);
    await until(() => host.textContent === '2');
    await quiet();
    return { commands, dropped: seen.last?.dropped };
  },

  async sharing() {
    const { fake, root, show, commands } = worldOf();
    const [a, b] = [eventsOf(() => 'jobs.*.*'), eventsOf(() => ['jobs.*.*'])];
    const heard: string[] = [];
    const Ear = ({ name }: { readonly name: string }): ReactNode => {
      useEvent('jobs.*.*', (item) => item.gap === undefined && heard.push(`${name}${item.key}`));
      return null;
    };
    const All = (): ReactNode => [
      createElement(a.Show, { key: 'a' }),
      createElement(b.Show, { key: 'b' }),
      createElement(Ear, { key: 'c', name: 'c' }),
      createElement(Ear, { key: 'd', name: 'd' }),
    ];
    show(root, All);
    await until(() => a.isOpen() && b.isOpen());
    emit(fake, 1);
    await until(() => b.seen.last?.events.length === 1);
    return { commands, heard, isSame: a.seen.last?.events === b.seen.last?.events };
  },

  async paused() {
    const { fake, root, show, host } = worldOf();
    let paused = false;
    const { Show, seen, isOpen } = eventsOf(
      () => 'jobs.*.*',
      () => ({ keep: 4, paused }),
    );
    const facts = (): unknown => {
      const { dropped, waiting, status } = seen.last ?? {};
      return { shown: host.textContent, dropped, waiting, status };
    };
    show(root, Show);
    await until(isOpen);
    emit(fake, 1, 2);
    await until(() => host.textContent === '1 2');
    paused = true;
    show(root, Show);
    await frame();
    emit(fake, 3, 4);
    await until(() => seen.last?.waiting === 2);
    const first = facts();
    emit(fake, 5, 6);
    await until(() => seen.last?.waiting === 4);
    const second = facts();
    paused = false;
    show(root, Show);
    await until(() => host.textContent !== '1 2');
    return [first, second, facts()];
  },

  async gapAndDrop() {
    const { fake, root, show, host } = worldOf();
    const { Show, seen, isOpen } = eventsOf(() => 'jobs.*.*');
    const heard: unknown[] = [];
    const states: string[] = [];
    const Both = (): ReactNode => {
      const { status } = useConnection();
      if (states.at(-1) !== status) states.push(status);
      useEvent('jobs.*.*', (item) => heard.push(item.gap === undefined ? item.key : item.gap.reason));
      return createElement(Show);
    };
    show(root, Both);
    await until(isOpen);
    fake.drop();
    emit(fake, 1);
    await until(() => host.textContent === '1');
    const gap: Gap | undefined = seen.last?.gap;
    fake.drop();
    emit(fake, 2);
    fake.gap();
    emit(fake, 3);
    await until(() => host.textContent === '1 3');
    return {
      first: gap ?? 'none',
      gap: seen.last?.gap?.reason,
      heard,
      begin: states[0],
      states: [...new Set(states)],
    };
  },

  async refused() {
    const { root, show } = worldOf();
    const { Show, seen } = eventsOf(() => 'not a pattern');
    show(root, Show);
    await until(() => seen.last?.status === 'closed');
    return { error: codeOf(seen.last?.error) };
  },

  /** After the hub closed for good, and the user tries again, what happened in between is there. */
  async closedForGood() {
    const { fake, hub, root, show, host } = worldOf();
    const { Show, seen, isOpen } = eventsOf(() => 'jobs.*.*');
    const heard: unknown[] = [];
    const Both = (): ReactNode => {
      useEvent('jobs.*.*', (item) => heard.push(item.gap ?? item.key));
      return createElement(Show);
    };
    show(root, Both);
    await until(isOpen);
    emit(fake, 1);
    await until(() => host.textContent === '1');
    fake.drop(4009, 'closed by an operator');
    await until(() => seen.last?.status === 'closed');
    const closeCode = (seen.last?.error as { closeCode?: number } | undefined)?.closeCode;
    const shown = host.textContent;
    emit(fake, 2);
    hub.reconnect();
    await until(() => host.textContent === '1 2');
    await until(isOpen);
    return { closeCode, shown, heard, error: seen.last?.error ?? 'none' };
  },

  /** What one user saw is gone when another one comes. */
  async logout() {
    const { fake, hub, root, show, host } = worldOf();
    const { Show, seen, isOpen } = eventsOf(() => 'jobs.*.*');
    show(root, Show);
    await until(isOpen);
    emit(fake, 1);
    await until(() => host.textContent === '1');
    hub.logout();
    await until(() => seen.last?.status === 'idle');
    const after = { shown: host.textContent, connections: fake.connections };
    await quiet();
    const quietly = hub.state.status;
    hub.reconnect();
    await until(isOpen);
    emit(fake, 2);
    await until(() => host.textContent === '2');
    return { after, quietly };
  },

  async invalidEvent() {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          (value as { n: number }).n === 2 ? { issues: [{ message: 'no two' }] } : { value },
      },
    };
    const { fake, root, show, host } = worldOf({ events: { 'jobs.*.*': schema } });
    const { Show, isOpen } = eventsOf(() => 'jobs.*.*');
    show(root, Show);
    await until(isOpen);
    emit(fake, 1, 2, 3);
    await until(() => host.textContent === '1 3');
    return 'goes on';
  },

  async callback() {
    const { fake, root, show, commands } = worldOf();
    const errors: string[] = [];
    (globalThis as unknown as EventTarget).addEventListener('unhandledrejection', (event) => {
      event.preventDefault();
      errors.push(String((event as unknown as { reason: unknown }).reason));
    });
    const heard: string[] = [];
    let ready = '';
    const Ear = (): ReactNode => {
      const [heardHere, hear] = useState(0);
      const { status } = useEvent('jobs.*.*', (item) => {
        if (item.gap !== undefined) return;
        heard.push(`${heardHere}:${item.key}`);
        hear((n) => n + 1);
        if (item.key === '2') throw new Error('two is bad');
      });
      ready = status;
      return null;
    };
    show(root, Ear);
    await until(() => ready === 'open');
    for (const key of [1, 2, 3]) {
      emit(fake, key);
      await until(() => heard.length === key);
      await frame();
    }
    root.unmount();
    emit(fake, 4);
    await quiet();
    return { heard, errors, commands };
  },

  async publish() {
    const { fake, root, show } = worldOf();
    const seen: unknown[] = [];
    let call: ReturnType<typeof usePublish>[0] | undefined;
    const Form = (): ReactNode => {
      const [publish, { pending, error }] = usePublish();
      if (call !== undefined && call !== publish) seen.push('another function');
      call = publish;
      const shown = `${pending} ${codeOf(error) ?? ''}`.trim();
      if (seen.at(-1) !== shown) seen.push(shown);
      return null;
    };
    show(root, Form);
    await until(() => call !== undefined);
    const release = fake.slow();
    const published = call?.('jobs.save.1', { n: 1 });
    await until(() => seen.at(-1) === 'true');
    release();
    const id = await published;
    await until(() => seen.at(-1) === 'false');
    // Nobody looks at the result of this one, and no error is left uncaught.
    void call?.('jobs.*.1', { n: 1 });
    await until(() => seen.at(-1) === 'false event_invalid');
    await quiet();
    return { id, seen, published: fake.published.map(({ key }) => key) };
  },

  async hydration() {
    const { fake, hub } = worldOf();
    const host = document.createElement('div');
    document.body.append(host);
    const complaints: string[] = [];
    const { error: before } = console;
    console.error = (...all: unknown[]) => complaints.push(String(all[0]));
    const { Show, isOpen } = eventsOf(() => 'jobs.*.*');
    const App = (): ReactNode => {
      const { status, since } = useConnection();
      return createElement('p', null, `${status} ${since} `, createElement(Show));
    };
    const app = createElement(HubProvider, { hub }, createElement(App));
    host.innerHTML = renderToString(app);
    const served = host.textContent;
    const isConnected = hub.state.status !== 'idle';
    // Another part of the page has opened the hub before this part comes to life.
    await hub.listen('other.*.*').ready;
    hydrateRoot(host, app, { onRecoverableError: (error) => complaints.push(String(error)) });
    await until(isOpen);
    emit(fake, 1);
    await until(() => host.textContent.endsWith('1'));
    console.error = before;
    return { served, isConnected, complaints };
  },
};
