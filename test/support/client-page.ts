import type { BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { startHttpServer } from './http-server.ts';

/** Serves an empty page and the client, as a bundler makes it of the source. Resolves with the address of the page. */
export async function servePage(): Promise<string> {
  const bundle = await rolldown({ input: 'src/clients/sdk/index.ts', platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const scripts = new Map(output.map((each) => [`/${each.fileName}`, 'code' in each ? each.code : '']));
  const { url: served } = await startHttpServer(({ url = '' }, response) => {
    const script = scripts.get(url);
    response.setHeader('Content-Type', script === undefined ? 'text/html' : 'text/javascript');
    response.end(script ?? '<!doctype html><title>A page</title>');
  });
  return served;
}

export interface Tab {
  readonly page: Page;
  /** The keys of the events that it heard, and `gap` for each gap. */
  readonly heard: () => Promise<unknown>;
  /** The status of the connection, and the way by which events come. */
  readonly status: () => Promise<unknown>;
  readonly transport: () => Promise<unknown>;
}

/** A tab that listens to the hub of a URL, and keeps what it heard. Each token comes from `token`. */
export async function openTab(
  context: BrowserContext,
  at: string,
  hub: { readonly url: string; readonly token: () => Promise<string> },
  options: object = {},
): Promise<Tab> {
  const page = await context.newPage();
  await page.exposeFunction('freshToken', hub.token);
  await page.goto(at);
  await page.evaluate(`(async () => {
    const { connect } = await import('/index.js');
    window.heard = [];
    window.hub = connect(${JSON.stringify(hub.url)}, { token: () => freshToken(), ...${JSON.stringify(options)} });
    const { ready } = hub.subscribe('jobs.*.*', (item) => void heard.push(item.gap ? 'gap' : item.key));
    await ready;
  })()`);
  return {
    page,
    heard: () => page.evaluate('heard'),
    status: () => page.evaluate('hub.state.status'),
    transport: () => page.evaluate('hub.state.transport'),
  };
}
