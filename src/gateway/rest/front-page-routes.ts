import { BelfryError } from '../../model/errors.ts';
import { frontPage, type FrontPage } from '../http/front-page.ts';
import { setPageHeaders } from '../http/html-page.ts';
import type { ConsoleSite } from '../console/console-site.ts';
import { CONSOLE } from './console-routes.ts';
import { route, type Route } from './route.ts';

export interface FrontPageDeps {
  readonly about: () => FrontPage;
  readonly site: Pick<ConsoleSite, 'isComing'>;
}

export const FRONT_PAGE_ROUTES: readonly Route<FrontPageDeps>[] = [
  route({
    id: 'getFrontPage',
    method: 'get',
    path: '/',
    summary:
      'Lead a browser to the console. Without a console, show what this server is, and which listener speaks which dialect',
    open: true,
    answers: {
      200: { says: 'A page, if a browser asks', content: { 'text/html': 'text' } },
      302: { says: 'The console, if a browser asks', headers: ['Location'] },
    },
    errors: ['not_found'],
    handler: async ({ about, site }: FrontPageDeps, { request, response }) => {
      response.vary('Accept');
      if (!String(request.headers.accept).includes('text/html'))
        throw new BelfryError('not_found', 'No route');
      if (await site.isComing()) return void response.status(302).set('Location', CONSOLE).end();
      setPageHeaders(response);
      response.send(frontPage(about()));
    },
  }),
];
