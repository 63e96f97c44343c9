import type { Page } from './pages.ts';

/** What only a measurement tells: speed, shares of a core, multiples, and bytes for each of something. */
const FIGURES: readonly RegExp[] = [
  /\d ?µs\b/,
  /\bp(?:50|99|99\.9)\b[^|\n]{0,40}?\d ?m?s\b/,
  /\d[\d.]* (?:x|times as|×)(?![\w-])/,
  /\d[\d.,]*(?: million)? (?:deliveries|events|publishes)(?: a second|\/s)/,
  /\d[\d.,]* (?:million )?(?:new )?connections a second/,
  /\d ?% of (?:a|its|one) core/,
  /\bsome \d[\d.,]* ?(?:bytes|kB|KB|KiB|MB|MiB)\b/,
  /\d ?m?s to one idle client/,
  /\| \d[\d.,]* (?:µs|KB) \|/,
];

/** What makes a figure again: a command, or the page that names it for each of its figures. */
const COMMAND =
  /npm run (?:bench|docs|simulate|test:[a-z]+)|redis-cli MEMORY|npx belfry bench|service-levels\.md/;

export interface Unproved {
  readonly path: string;
  readonly section: string;
  readonly figures: readonly string[];
}

/** The sections of a page that state a measured figure and name no command that makes it. */
export function unproved({ path, text }: Page): Unproved[] {
  return sectionsOf(text).flatMap((section) => {
    const shown = section.replaceAll(/<!--[\s\S]*?-->/g, '');
    const prose = shown.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
    const figures = FIGURES.flatMap((figure) => prose.match(figure)?.[0] ?? []);
    if (figures.length === 0 || COMMAND.test(shown)) return [];
    return [{ path, section: section.split('\n', 1)[0] ?? '', figures }];
  });
}

/** What stands before the first heading of the second level is a section too. */
function sectionsOf(text: string): string[] {
  return text.split(/^(?=## )/m);
}
