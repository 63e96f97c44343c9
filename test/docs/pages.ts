import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { anchors } from '../../src/gateway/docs/pages.ts';

const ROOT = new URL('../../', import.meta.url);

/** A page of the documentation, by its path from the root of the checkout. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

export function page(path: string): Page {
  return { path, text: readFileSync(new URL(path, ROOT), 'utf8') };
}

/** README.md, and every page of `src/docs`. */
export function allPages(): Page[] {
  const written = readdirSync(new URL('src/docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => posix.join('src/docs', file));
  return ['README.md', ...written.toSorted()].map(page);
}

/** A block that is marked as one that a test can run, with the output that the page states for it, if any. */
export interface ShellBlock {
  readonly script: string;
  readonly output: string | undefined;
}

const SHELL_BLOCK = /^( *)```sh run\n([\s\S]*?)^\1```\n(?:\1```text output\n([\s\S]*?)^\1```\n)?/gm;

export function shellBlocks({ text }: Page): ShellBlock[] {
  return Array.from(text.matchAll(SHELL_BLOCK), ([, indent = '', script = '', output]) => {
    const flush = (part: string): string => part.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    return { script: flush(script), output: output === undefined ? undefined : flush(output) };
  });
}

/** The pattern of a stated output, in which `…` stands for any text. */
export function allowedBy(output: string): RegExp {
  const parts = output.trimEnd().split('…');
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('[\\s\\S]*')}$`);
}

const withoutBlocks = (text: string): string => text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** The targets of the links of a page, without links to other sites. */
export function linksOf({ text }: Page): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`\n]*`/g, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter(
    (target) => !/^https?:/.test(target),
  );
}

/** The anchors of a page: those that GitHub makes of its headings, and those that it contains itself. */
export function anchorsOf({ text }: Page): Set<string> {
  const prose = withoutBlocks(text);
  const headings = Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, title = '']) => title).map(anchors());
  const named = Array.from(prose.matchAll(/<a id="([^"]+)"><\/a>/g), ([, id = '']) => id);
  return new Set([...headings, ...named]);
}
