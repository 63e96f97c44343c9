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
  says: 'The page as Markdown, or rendered if a browser asks',
  content: { 'text/markdown': 'text', 'text/html': 'text' },
};
const NO_PAGE: Answer = {
  says: 'There is no such page; a browser gets a list of all pages',
  content: { 'text/html': 'text' },
};

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
    summary: 'Read the overview of the documentation, or the results of a search in it',
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
    summary: 'Read a page of the documentation that belongs to no kind, such as `index.md`',
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
    summary:
      'Read a page of the documentation, such as `how-to/secure`, or its file, such as `how-to/secure.md`',
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
    summary: 'List all pages of the documentation with their summaries, for language models',
    open: true,
    answers: { 200: { says: 'The list of pages', content: { 'text/plain': 'text' } } },
    handler: async ({ docs }: DocsDeps, { request, response }) => (await docs()).sendList(request, response),
  }),
];
