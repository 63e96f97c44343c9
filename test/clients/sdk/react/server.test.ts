import { createElement, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { connect } from '../../../../src/clients/sdk/index.ts';
import {
  HubProvider,
  useConnection,
  useEvent,
  useEvents,
  useLatest,
  useList,
  usePresence,
  usePublish,
} from '../../../../src/clients/sdk/react.ts';

function Page(): ReactNode {
  const [, { pending }] = usePublish();
  useEvent('jobs.*.*', () => undefined);
  return JSON.stringify({
    events: useEvents(['jobs.*.*'], { paused: true, since: new Date() }),
    list: [...useList('machines').values],
    latest: useLatest('machines', 'a'),
    presence: usePresence('user:ada'),
    connection: useConnection(),
    pending,
  });
}

it('a server draws the same each time, asks for no token and opens no connection', async () => {
  const used: string[] = [];
  class Forbidden {
    constructor(url: string) {
      used.push(url);
    }
    addEventListener(): void {}
    send(): void {}
    close(): void {}
  }
  const options = { WebSocket: Forbidden, token: () => (used.push('token'), 'any') };
  const draw = (): string =>
    renderToString(
      createElement(HubProvider, { hub: connect('http://hub.test', options) }, createElement(Page)),
    ).replaceAll('&quot;', '"');
  const drawn = draw();
  expect(JSON.parse(drawn)).toEqual({
    events: { events: [], dropped: 0, waiting: 0, status: 'connecting' },
    list: [],
    latest: { status: 'connecting' },
    presence: { status: 'connecting' },
    connection: { status: 'idle', since: 0, attempt: 0 },
    pending: false,
  });
  // A client that connects has asked for its token and opened its socket by then, so this shows that none did.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(draw()).toBe(drawn);
  expect(used).toEqual([]);
});

it('a hook outside of a provider says what is missing', () => {
  expect(() => renderToString(createElement(Page))).toThrow('Expected it in a <HubProvider>');
});
