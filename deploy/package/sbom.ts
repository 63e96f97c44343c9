/**
 * Prints the bill of materials of Belfry as CycloneDX 1.5 (JSON): every package of others that the hub installs, and that the page
 * of the console was built of. The same checkout prints the same bytes. `npm run --silent sbom`
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { carriedPackages } from './carried.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly scope: string;
}

interface Bom {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];

const { name } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { name: string };
const all = JSON.parse(execFileSync('npm', COMMAND, { cwd: ROOT, maxBuffer: 1 << 28 }).toString()) as Bom;
const carried = new Set(carriedPackages().map((each) => `${each.name}@${each.version}`));

// What a build needs is no part of what it makes; what the console was built of is.
const components = all.components
  .filter((each) => carried.has(`${each.name}@${each.version}`))
  .map((each) => ({ ...each, scope: 'required', properties: [] }));
const { component } = all.metadata;
const kept = new Set([component['bom-ref'], ...components.map((each) => each['bom-ref'])]);
const dependencies = all.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));

// npm names the root after its folder, and adds a number and a time that differ each time.
const { serialNumber: _number, metadata, ...rest } = all;
const { timestamp: _time, ...about } = metadata;
const bom = { ...rest, metadata: { ...about, component: { ...component, name } }, components, dependencies };
console.log(JSON.stringify(bom, undefined, 2));
