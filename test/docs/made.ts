import { readFileSync, writeFileSync } from 'node:fs';
import { alertsPart } from './alerts-part.ts';
import { boundsPart } from './bounds-part.ts';
import { chartPart, chartSchema, chartValues } from './chart-part.ts';
import { clientPart } from './client-part.ts';
import { clientsComparedPart } from './clients-compared-part.ts';
import { closeCodesPart } from './close-codes-part.ts';
import { commandPart } from './command-part.ts';
import { conformancePart } from './conformance-part.ts';
import { dialectsPart } from './dialects-part.ts';
import { errorsPart } from './errors-part.ts';
import { growthPart } from './growth-part.ts';
import { hooksPart } from './hooks-part.ts';
import { latencyChart, levelsPart, recoveryChart } from './levels-part.ts';
import { mcpPart } from './mcp-part.ts';
import { metricsPart } from './metrics-part.ts';
import { planPart } from './plan-part.ts';
import { restPart } from './rest-part.ts';
import { settingsPart } from './settings-part.ts';
import { fastPart, throughputPart } from './throughput-part.ts';
import { thirdPartyPart } from './third-party-part.ts';

/** The pages that have a generated part, each with the function that generates it. Those of the reference have no folder in their name, and README.md stands at the root. */
export const MADE: Readonly<Record<string, () => string | Promise<string>>> = {
  alerts: alertsPart,
  bounds: boundsPart,
  chart: chartPart,
  client: clientPart,
  'clients-compared': clientsComparedPart,
  'close-codes': closeCodesPart,
  command: commandPart,
  conformance: conformancePart,
  dialects: dialectsPart,
  errors: errorsPart,
  growth: growthPart,
  hooks: hooksPart,
  mcp: mcpPart,
  metrics: metricsPart,
  'explanation/to-a-million': planPart,
  'how-to/size': throughputPart,
  README: fastPart,
  rest: restPart,
  'service-levels': levelsPart,
  settings: settingsPart,
  'third-party': thirdPartyPart,
};

/** Generated files that are no pages. */
export const MADE_FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  'k8s/chart/values.schema.json': chartSchema,
  'k8s/chart/values.yaml': chartValues,
  'src/docs/reference/service-levels/latency.svg': latencyChart,
  'src/docs/reference/service-levels/recovery.svg': recoveryChart,
};

const BEGIN = '<!-- From here on `npm run docs` writes. -->';
const END = '<!-- Up to here. -->';

const rootFile = (path: string): URL => new URL(`../../${path}`, import.meta.url);

const fileOf = (name: string): URL =>
  rootFile(
    name === 'README' ? 'README.md' : `src/docs/${name.includes('/') ? name : `reference/${name}`}.md`,
  );

export const fileAsItIs = (path: string): string => readFileSync(rootFile(path), 'utf8');
export const pageAsItIs = (name: string): string => readFileSync(fileOf(name), 'utf8');

/** The page with its generated part made anew. The rest of the page is written by hand. */
export async function pageAsMade(name: string): Promise<string> {
  const [before, rest = ''] = pageAsItIs(name).split(BEGIN, 2);
  const [, after] = rest.split(END, 2);
  if (after === undefined) throw new Error(`${name}.md has no part to write. Expected ${BEGIN} and ${END}.`);
  const part = await MADE[name]?.();
  return `${before}${BEGIN}\n\n${part?.trim()}\n\n${END}${after}`;
}

export async function writePages(): Promise<void> {
  for (const [path, make] of Object.entries(MADE_FILES)) writeFileSync(rootFile(path), await make());
  for (const name of Object.keys(MADE)) writeFileSync(fileOf(name), await pageAsMade(name));
}
