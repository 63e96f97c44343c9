import type { Request, Response } from 'express';
import { BelfryError } from '../../model/errors.ts';
import { documentOf, sendDocument, type Document } from '../http/document.ts';
import { rootFrom, setPageHeaders } from '../http/html-page.ts';
import { INDEX, readPages, servedMarkdown } from './pages.ts';
import { foundHtml, foundMarkdown, llmsText, missingHtml, pageHtml } from './render.ts';
import { Search } from './search.ts';

const AS_MARKDOWN = 'text/markdown';
const AS_HTML = 'text/html';

/** All pages. They are read once, and each one is made into a document when it is first asked for. */
export class Docs {
  readonly #pages = readPages();
  /** The documents that were made, by page and form. */
  readonly #made = new Map<string, Document>();
  #search: Search | undefined;

  sendList(request: Request, response: Response): void {
    response.type('text/plain');
    this.#send(request, response, 'list', () => llmsText(this.#pages));
  }

  /** @throws BelfryError `not_found`, except to a browser, which is shown where else to go */
  sendPage(request: Request, response: Response, name = INDEX): void {
    const wantsMarkdown = name.endsWith('.md') || asksForMarkdown(request, response);
    const page = this.#pages.find((each) => each.name === name.replace(/\.md$/, ''));
    if (page === undefined) return this.#refuse(request, response, wantsMarkdown);
    if (wantsMarkdown) response.type(AS_MARKDOWN);
    else setPageHeaders(response);
    // A path that ends with a slash is one level deeper to a browser.
    const root = rootFrom(request.path);
    this.#send(request, response, `${page.name} ${wantsMarkdown ? AS_MARKDOWN : root}`, () =>
      wantsMarkdown ? servedMarkdown(page) : pageHtml(page, this.#pages, root),
    );
  }

  sendFound(request: Request, response: Response, query: string): void {
    // The index itself is not a result, since it is about the other pages.
    this.#search ??= new Search(this.#pages.filter(({ name }) => name !== INDEX));
    const found = this.#search.find(query);
    if (asksForMarkdown(request, response)) response.type(AS_MARKDOWN).send(foundMarkdown(query, found));
    else {
      setPageHeaders(response);
      response.send(foundHtml(query, found, this.#pages, rootFrom(request.path)));
    }
  }

  #refuse({ path }: Request, response: Response, wantsMarkdown: boolean): void {
    if (wantsMarkdown)
      throw new BelfryError('not_found', 'The docs have no such page. Expected one that /docs lists.');
    setPageHeaders(response);
    response.status(404).send(missingHtml(path, this.#pages));
  }

  #send(request: Request, response: Response, key: string, make: () => string): void {
    const document = this.#made.get(key) ?? documentOf(make());
    this.#made.set(key, document);
    sendDocument(request, response, document);
  }
}

/** A client that prefers nothing is sent Markdown. */
function asksForMarkdown(request: Request, response: Response): boolean {
  response.vary('Accept');
  return request.accepts([AS_MARKDOWN, AS_HTML]) !== AS_HTML;
}
