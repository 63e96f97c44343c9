import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

export interface PageSize {
  /** The bytes that the page loads before it runs, minified and compressed as a server sends them. */
  readonly start: number;
  /** The same with everything that it may load later. */
  readonly whole: number;
  /** The modules that it imports and that are not counted, such as React. */
  readonly foreign: readonly string[];
}

/** What a bundler makes of a page for production. `page` is its path, from which imports are found; the file need not exist. */
export async function sizeOfPage(code: string, page: string): Promise<PageSize> {
  const bundle = await rolldown({
    input: page,
    platform: 'browser',
    external: ['react'],
    // A page has no use for 'use client'.
    onLog: () => undefined,
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === page ? id : null),
        load: (id) => (id === page ? code : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const chunks = new Map(
    output.flatMap((each) => (each.type === 'chunk' ? [[each.fileName, each] as const] : [])),
  );
  const atStart = new Set(
    [...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName),
  );
  for (const name of atStart) for (const other of chunks.get(name)?.imports ?? []) atStart.add(other);
  const sum = (names: Iterable<string>): number =>
    [...names].reduce(
      (total, name) => total + gzipSync(chunks.get(name)?.code ?? '', { level: 9 }).length,
      0,
    );
  const imported = [...chunks.values()].flatMap(({ imports, dynamicImports }) => [
    ...imports,
    ...dynamicImports,
  ]);
  return {
    start: sum(atStart),
    whole: sum(chunks.keys()),
    foreign: [...new Set(imported)].filter((name) => !chunks.has(name)),
  };
}
