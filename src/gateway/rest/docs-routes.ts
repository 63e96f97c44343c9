import type { Docs } from '../docs/docs.ts';
import { query, text, type Parameter } from './query.ts';
import { route, type Answer, type Route } from './route.ts';

export interface DocsDeps {
  readonly docs: () => Promise<Docs>;
}

/** Reads the pages, and loads what renders them, when the first of them is asked for. */
export function docsOnDemand(): DocsDeps {
  let docs: Promise<Docs> | undefined;
  return { docs: () => (docs ??= import('../docs/docs.ts').then((loaded) => new loaded.Docs())) };
}

const PAGE: Answer = {
  says: 'Markdown, or a page to a browser',
  content: { 'text/markdown': 'text', 'text/html': 'text' },
};
const NO_PAGE: Answer = { says: 'A browser is shown the pages there are', content: { 'text/html': 'text' } };

/** A search without words is none. */
const WORDS: Parameter<string> = {
  form: text('Words to look for in all pages'),
  read: (written) => written.replaceAll(/\s+/g, ' ').trim(),
};

/** The documentation of this version. A path that ends in `.md` is Markdown to a browser, too. */
export const DOCS_ROUTES: readonly Route<DocsDeps>[] = [
  route({
    id: 'getDocs',
    method: 'get',
    path: '/docs',
    summary: 'The overview of the documentation, or what a search finds in it',
    open: true,
    query: query({ q: WORDS }),
    answers: { 200: PAGE },
    handler: async ({ docs }: DocsDeps, { request, response, query: { q = '' } }) => {
      if (q === '') (await docs()).sendPage(request, response);
      else (await docs()).sendFound(request, response, q);
    },
  }),
  route({
    id: 'getDocsFile',
    method: 'get',
    path: '/docs/{page}',
    summary: 'A page of the documentation that is of no kind, such as `index.md`',
    open: true,
    answers: { 200: PAGE, 404: NO_PAGE },
    errors: ['not_found'],
    handler: async ({ docs }: DocsDeps, { request, response, params }) =>
      (await docs()).sendPage(request, response, params.page),
  }),
  route({
    id: 'getDocsPage',
    method: 'get',
    path: '/docs/{kind}/{page}',
    summary: 'A page of the documentation, such as `how-to/secure`, or its file, such as `how-to/secure.md`',
    open: true,
    answers: { 200: PAGE, 404: NO_PAGE },
    errors: ['not_found'],
    handler: async ({ docs }: DocsDeps, { request, response, params: { kind, page } }) =>
      (await docs()).sendPage(request, response, `${kind}/${page}`),
  }),
  route({
    id: 'getDocsList',
    method: 'get',
    path: '/llms.txt',
    summary: 'All pages of the documentation with what they are about, for language models',
    open: true,
    answers: { 200: { says: 'The list', content: { 'text/plain': 'text' } } },
    handler: async ({ docs }: DocsDeps, { request, response }) => (await docs()).sendList(request, response),
  }),
];
