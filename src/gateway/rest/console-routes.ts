import { ASSET_TYPES } from '../console/console-files.ts';
import type { ConsoleSite } from '../console/console-site.ts';
import { route, type Route } from './route.ts';

export interface ConsoleDeps {
  readonly site: Pick<ConsoleSite, 'sendPage' | 'sendAsset'>;
}

const FILE = Object.fromEntries([...ASSET_TYPES].map((type) => [type, 'text' as const]));

/** Where the page is, seen from the root. All addresses are relative, so that a proxy may serve a node below any path. */
export const CONSOLE = 'console/';

export const CONSOLE_ROUTES: readonly Route<ConsoleDeps>[] = [
  route({
    id: 'getConsole',
    method: 'get',
    path: '/console',
    summary: 'Open the console in a browser, at `/console/`',
    open: true,
    answers: {
      200: { says: 'The page of the console', content: { 'text/html': 'text' } },
      302: { says: 'The page has a slash at its end', headers: ['Location'] },
      404: { says: 'This node shows no console', content: { 'text/html': 'text' } },
      503: { says: 'The console is being built, or could not be built', content: { 'text/html': 'text' } },
    },
    errors: ['not_found', 'unavailable'],
    handler: ({ site }: ConsoleDeps, { request, response }) => {
      if (request.path.endsWith('/')) return site.sendPage(request, response);
      response.status(302).set('Location', CONSOLE).end();
    },
  }),
  route({
    id: 'getConsoleFile',
    method: 'get',
    path: '/console/assets/{file}',
    summary: 'Read a file that the page of the console loads',
    open: true,
    answers: { 200: { says: 'The file', content: FILE } },
    errors: ['not_found'],
    handler: ({ site }: ConsoleDeps, { request, response, params: { file } }) =>
      site.sendAsset(request, response, file),
  }),
];
