import { mkdirSync, writeFileSync } from 'node:fs';
import { peerOf } from '../peers/index.ts';
import { DATA, FOLDER, readGrowth } from './data.ts';
import { GROWTH } from './growth.ts';
import { lineChart, type Series } from './svg.ts';

/** Measures the curves whose names contain one of these parts, or all, and writes them into the documentation. */
export async function writeCharts(
  parts: readonly string[],
  peers: readonly string[] | undefined,
  machine: string,
  note: (line: string) => void,
): Promise<void> {
  const chosen = GROWTH.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const data = readGrowth();
  const caption = `${machine}; ${new Date().toISOString().slice(0, 10)}`;
  mkdirSync(FOLDER, { recursive: true });
  for (const growth of chosen) {
    const series: Series[] = [];
    for (const peer of growth.peers.filter((each) => peers?.includes(each) ?? true)) {
      note(`growth of ${growth.name}: ${peer}`);
      const points = await growth.measure(peerOf(peer));
      if (points.length === 0) continue;
      series.push({ name: peer, points: points.map(([x, y]) => [x, Number(y.toPrecision(3))] as const) });
      // A run that is ended keeps what it has found.
      data[growth.name] = { caption, series };
      writeFileSync(new URL(`${growth.name}.svg`, FOLDER), lineChart({ ...growth, caption, series }));
      writeFileSync(DATA, `${JSON.stringify(data, null, 2)}\n`);
    }
  }
}
