import { escapeHtml, htmlPage } from '../http/html-page.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { Build } from './console-build.ts';

/** How often a browser asks whether the console is ready. */
const ASK_AGAIN_S = 2;

/** Why a node has no console to show. */
export interface Absence {
  readonly code: ErrorCode;
  /** What is the case, and what to do. */
  readonly says: string;
  /** The last lines of a build that failed. */
  readonly lines?: string;
  /** After how many seconds there may be a console; absent if none comes by itself. */
  readonly retryAfterS?: number;
}

export function absenceOf(build: Build): Absence {
  switch (build.kind) {
    case 'off':
      return {
        code: 'not_found',
        says: 'This node shows no console, since BELFRY_CONSOLE is off.',
      };
    case 'running':
      return {
        code: 'unavailable',
        says: `The console is being built, which has taken ${Math.round(build.ms / 1_000)} s so far and takes less than a minute on most machines. The hub itself runs as usual.`,
        retryAfterS: ASK_AGAIN_S,
      };
    case 'failed':
      return {
        code: 'unavailable',
        says: 'The console could not be built. Mend what its build says and start the hub again, or turn the console off with BELFRY_CONSOLE=off. The hub itself runs as usual.',
        lines: build.reason,
      };
    case 'uninstalled':
      return {
        code: 'not_found',
        says: 'The console was not built here, and what builds it is not installed. Run `npm ci` with its development dependencies and start the hub again. The package and the image carry the console built.',
      };
    case 'none':
      return {
        code: 'not_found',
        says: 'This installation carries no console. The package and the image carry it built, and `npm start` in a checkout builds it.',
      };
  }
}

/**
 * The script by which a page asks again. The header Refresh would not do: for an address with a fragment, such as the link that
 * signs in, a browser takes it as a move within the page.
 */
export function scriptOf({ retryAfterS }: Absence): string | undefined {
  return retryAfterS === undefined
    ? undefined
    : `setTimeout(() => location.reload(), ${retryAfterS * 1_000})`;
}

/** The page that a browser is shown in place of the console. Its links work below the path of a proxy, too. */
export function absencePage(absence: Absence): string {
  const { says, lines, retryAfterS } = absence;
  const reason = lines === undefined ? '' : `\n<pre tabindex="0"><code>${escapeHtml(lines)}</code></pre>`;
  const waits =
    retryAfterS === undefined ? '' : '\n<p>This page shows the console as soon as it is ready.</p>';
  return htmlPage({
    title: 'The console of Belfry',
    root: '../',
    script: scriptOf(absence),
    main: `<h1>The console</h1>
<p>${escapeHtml(says).replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</p>${reason}${waits}
<p><a href="../docs/how-to/use-the-console">How the console is opened, built and turned off</a></p>`,
  });
}
