import { carriedPackages } from '../../deploy/package/carried.ts';
import { cell, code } from './tables.ts';

/** Every package of others that an installation or an image carries, with its license. */
export function thirdPartyPart(): string {
  const rows = carriedPackages().map(
    ({ name, version, license, by }) => `| ${code(name)} | ${version} | ${cell(license)} | ${by} |`,
  );
  return `| package | version | license | carried by |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
