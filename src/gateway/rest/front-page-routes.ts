import { BelfryError } from '../../model/errors.ts';
import { frontPage, type FrontPage } from '../http/front-page.ts';
import { setPageHeaders } from '../http/html-page.ts';
import { route, type Route } from './route.ts';

export interface FrontPageDeps {
  readonly about: () => FrontPage;
}

export const FRONT_PAGE_ROUTES: readonly Route<FrontPageDeps>[] = [
  route({
    id: 'getFrontPage',
    method: 'get',
    path: '/',
    summary: 'Show a browser what this server is, which listener speaks which dialect, and where to go on',
    open: true,
    answers: { 200: { says: 'A page, if a browser asks', content: { 'text/html': 'text' } } },
    errors: ['not_found'],
    handler: ({ about }: FrontPageDeps, { request, response }) => {
      response.vary('Accept');
      if (!String(request.headers.accept).includes('text/html'))
        throw new BelfryError('not_found', 'No route');
      setPageHeaders(response);
      response.send(frontPage(about()));
    },
  }),
];
