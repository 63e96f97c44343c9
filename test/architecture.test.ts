import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SOURCES } from '../src/gateway/console/console-sources.ts';

const ROOT = new URL('../', import.meta.url);

/**
 * What the files of each room may import besides their own room: a whole room (`model/`), or one file of it. Only
 * `app.ts` knows the inside of other rooms.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'model/': [],
  'dialects/': ['model/'],
  'broker/': ['model/'],
  'registry/': ['model/'],
  'hub/': [
    'model/',
    'dialects/dialect.ts',
    'broker/broker.ts',
    'registry/registry.ts',
    'registry/interest.ts',
  ],
  'telemetry/': ['model/', 'dialects/', 'hub/', 'registry/', 'broker/broker.ts'],
  'gateway/': [
    'model/',
    'dialects/',
    'hub/',
    'registry/',
    'broker/broker.ts',
    'broker/leases.ts',
    'broker/reshard.ts',
    'broker/logged-event.ts',
    'telemetry/',
  ],
  'sources/': ['model/', 'clients/'],
  // A sink is a process of its own as a source is, with the same options, health and lease.
  'sinks/': ['model/', 'clients/', 'sources/'],
  'clients/': ['model/'],
  'config/': ['model/', 'dialects/'],
  // The processes of one `belfry serve`. What they answer each other is told by the rooms that know it.
  'workers/': ['model/'],
  'app.ts': [
    'model/',
    'dialects/',
    'broker/',
    'registry/',
    'hub/',
    'telemetry/',
    'gateway/',
    'config/',
    'workers/',
  ],
  'main.ts': ['model/', 'clients/', 'sources/', 'sinks/', 'app.ts', 'config/', 'older-node.ts'],
  'belfry.js': ['main.ts'],
  'older-node.ts': [],
  // This room holds pages for readers, and no code.
  'docs/': [],
};

/**
 * The folders of `gateway/`, each with those that it may import from: requests and answers first, then who somebody is, then
 * what is served, then what describes it.
 */
const GATEWAY_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  http: [],
  docs: ['http'],
  console: ['http'],
  auth: ['http'],
  sockets: ['http', 'auth'],
  rest: ['http', 'docs', 'console', 'auth', 'sockets'],
  mcp: ['http', 'auth', 'sockets', 'rest'],
  'api-docs': ['http', 'auth', 'rest'],
};

/** Rooms that run outside of the hub, as in a browser. They may import nothing but types from other rooms, and what follows. */
const TYPES_ONLY = new Set(['clients/']);

/**
 * What clients share with the hub, so that it stands once: how a pattern is read, what JSON is and where a value stands in it, what a close code means, which actions
 * remove a key. A browser can run these files.
 */
const SHARED_WITH_CLIENTS = [
  'model/bound.ts',
  'model/close-codes.ts',
  'model/cursor.ts',
  'model/errors.ts',
  'model/exact-pattern.ts',
  'model/hidden-types.ts',
  'model/json-scan.ts',
  'model/json-walk.ts',
  'model/pattern-parts.ts',
  'model/position.ts',
  'model/removal.ts',
  'model/retries.ts',
  'model/time.ts',
  'model/trace.ts',
];

const MAX_LINES = 250;

/** The console is built before it is published, so it runs without its packages. */
const CONSOLE = 'clients/console/';

interface Import {
  readonly from: string;
  /** A file of `src`, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
  /** Whether the import is dynamic, so that the module is loaded only once its line is reached. */
  readonly late: boolean;
}

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const files = readdirSync(new URL('src/', ROOT), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => posix.join(entry.parentPath, entry.name).slice(new URL('src/', ROOT).pathname.length))
  // What is built is not committed.
  .filter((file) => !file.includes('/dist/'))
  .toSorted();
/** An example is a program of its own, which uses the package as any other does. */
const modules = files.filter((file) => /\.[jt]sx?$/.test(file) && !file.startsWith('clients/examples/'));
const texts = new Map(modules.map((file) => [file, read(`src/${file}`)]));
const CLIENT = JSON.parse(read('src/clients/sdk/package.json')) as {
  readonly exports: object;
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const imports = [...texts].flatMap(([file, text]) => importsOf(file, text));

/** Static and dynamic imports, types and re-exports. */
function importsOf(file: string, text: string): Import[] {
  const statements =
    /^\s*(?:import|export)\b([^'";]*?)\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(statements)].map(([, clause = '', from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? '';
    const named =
      /^\s*\{([^}]*)\}\s*$/
        .exec(clause)?.[1]
        ?.split(',')
        .map((name) => name.trim()) ?? [];
    const typeOnly =
      /^\s*type\s/.test(clause) ||
      (named.length > 0 && named.every((name) => name === '' || name.startsWith('type ')));
    return {
      from: file,
      to: target.startsWith('.') ? posix.join(posix.dirname(file), target) : target,
      typeOnly,
      late: dynamic !== undefined,
    };
  });
}

function roomOf(file: string): string {
  const slash = file.indexOf('/');
  if (slash >= 0) return file.slice(0, slash + 1);
  if (file.startsWith('app')) return 'app.ts';
  return file;
}

const allowed = ({ from, to }: Import): boolean =>
  roomOf(to) === roomOf(from) ||
  (ROOMS[roomOf(from)] ?? []).some((room) => room === to || room === roomOf(to));

/** Files that import each other in a cycle. The list begins and ends with the same file. */
function cycle(): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const { from, to } of imports) {
      const found = from === file ? visit(to, [...way, file]) : undefined;
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of modules) {
    const found = visit(file, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every file that one of these files needs, directly or not. */
function reachableFrom(begin: readonly string[], among: readonly Import[] = imports): Set<string> {
  const reached = new Set(begin);
  for (const file of reached) {
    for (const { from, to } of among) if (from === file) reached.add(to);
  }
  return reached;
}

/** The files of `src` that a package.json names, since the package runs or exports them, and those of the console. */
function entries(): string[] {
  const named = read('package.json').matchAll(/"(?:\.\/)?src\/([^"\s]+\.[jt]sx?)"/g);
  return [...Array.from(named, ([, file = '']) => file), ...clientEntries(), ...consoleEntries()];
}

/** What builds the console, and what its page loads. */
function consoleEntries(): string[] {
  const loaded = read(`src/${CONSOLE}index.html`).matchAll(/src="\.\/(src\/[^"]+)"/g);
  return [`${CONSOLE}vite.config.ts`, ...Array.from(loaded, ([, file = '']) => `${CONSOLE}${file}`)];
}

/** The package of the client carries what is built of these files. */
function clientEntries(): string[] {
  return [...JSON.stringify(CLIENT.exports).matchAll(/"\.\/dist\/(clients\/sdk\/\w+)\.js"/g)].map(
    ([, file]) => `${file}.ts`,
  );
}

const isShared = (file: string): boolean => SHARED_WITH_CLIENTS.some((shared) => file.startsWith(shared));

const withoutTexts = (text: string): string =>
  text.replaceAll(
    /`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    "''",
  );

describe('the imports of src', () => {
  it('are all found by this test', () => {
    expect(
      importsOf('a/b.ts', "import { x } from '../c.ts';\nexport * from './d.ts';\nimport type E from 'e';"),
    ).toEqual([
      { from: 'a/b.ts', to: 'c.ts', typeOnly: false, late: false },
      { from: 'a/b.ts', to: 'a/d.ts', typeOnly: false, late: false },
      { from: 'a/b.ts', to: 'e', typeOnly: true, late: false },
    ]);
    expect(
      importsOf(
        'a.ts',
        "import 'b';\nconst c = await import('./c.ts');\nimport {\n  type D,\n} from './d.ts';",
      ),
    ).toEqual([
      { from: 'a.ts', to: 'b', typeOnly: false, late: false },
      { from: 'a.ts', to: 'c.ts', typeOnly: false, late: true },
      { from: 'a.ts', to: 'd.ts', typeOnly: true, late: false },
    ]);
    for (const [file, text] of texts) {
      const written = [...text.matchAll(/(?:\bfrom |\bimport\(|\bimport )'\.{1,2}\/(?!.*\.css')/g)].length;
      expect([file, importsOf(file, text).filter(({ to }) => modules.includes(to)).length]).toEqual([
        file,
        written,
      ]);
    }
  });

  it('keep to the table of rooms', () => {
    const broken = imports.filter((each) => modules.includes(each.to) && !allowed(each));
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('keep to the table of the folders of gateway', () => {
    const folderOf = (file: string): string => /^gateway\/([^/]+)\//.exec(file)?.[1] ?? '';
    const folders = new Set(modules.map(folderOf).filter((folder) => folder !== ''));
    expect([...folders].toSorted()).toEqual(Object.keys(GATEWAY_FOLDERS).toSorted());
    const broken = imports.filter(({ from, to }) => {
      const [own, other] = [folderOf(from), folderOf(to)];
      return (
        own !== '' && to.startsWith('gateway/') && own !== other && !GATEWAY_FOLDERS[own]?.includes(other)
      );
    });
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('bring only types to rooms that meet the hub over the wire', () => {
    const foreign = imports.filter(
      ({ from, to }) => TYPES_ONLY.has(roomOf(from)) && modules.includes(to) && roomOf(to) !== roomOf(from),
    );
    const broken = foreign.filter(({ typeOnly, to }) => !typeOnly && !isShared(to));
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('of the client lead to nothing that a browser cannot run', () => {
    const run = imports.filter(({ typeOnly }) => !typeOnly);
    const reached = [...reachableFrom(clientEntries(), run)];
    expect(reached).toContain('clients/sdk/connection.ts');
    expect(reached).toContain('clients/sdk/react/feed.ts');
    const others = reached.filter((file) => !file.startsWith('clients/sdk/') && !isShared(file));
    expect(others).toEqual(Object.keys(CLIENT.peerDependencies));
  });

  it('of the console lead only to folders of which a change builds it anew', () => {
    const reached = [...reachableFrom([`${CONSOLE}src/main.tsx`], imports)].filter((file) =>
      modules.includes(file),
    );
    const watched = SOURCES.map((folder) => posix.join(CONSOLE, folder));
    expect(reached.filter((file) => !watched.some((folder) => file.startsWith(folder)))).toEqual([]);
  });

  it('name the whole hub only in app.ts, since every other file is given the part that it needs', () => {
    const takers = imports.filter(({ from, to }) => to === 'hub/hub.ts' && roomOf(from) !== 'app.ts');
    expect(takers.map(({ from }) => from)).toEqual([]);
  });

  it('form no cycle, types included', () => {
    expect(cycle()).toBeUndefined();
  });

  it('of the command load neither the hub nor its settings before they are needed', () => {
    const atOnce = imports.filter(({ late, typeOnly }) => !late && !typeOnly);
    const loaded = [...reachableFrom(['main.ts'], atOnce)];
    expect(loaded).toContain('clients/cli/commands/watch.ts');
    const heavy =
      /^(app|gateway|telemetry|hub|broker|registry|dialects)|^config\/config|^(zod|ws|ioredis|express|jose|pino)$/;
    expect(loaded.filter((file) => heavy.test(file))).toEqual([]);
  });

  it('of a node load what renders the documentation only when a page is asked for', () => {
    const loaded = (late: boolean): Set<string> =>
      reachableFrom(
        ['app.ts'],
        imports.filter((each) => !each.typeOnly && (late || !each.late)),
      );
    expect([loaded(false).has('marked'), loaded(true).has('marked')]).toEqual([false, true]);
  });

  it('reach every file from an entry that a package.json or the page of the console names', () => {
    expect(entries()).toContain('belfry.js');
    expect(entries()).toContain('clients/sdk/index.ts');
    const reached = reachableFrom(entries());
    expect(modules.filter((file) => !reached.has(file))).toEqual([]);
  });

  it('name packages that package.json lists', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Readonly<
      Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
    >;
    const installed = { ...dependencies, ...CLIENT.peerDependencies };
    const built = { ...devDependencies, '@belfry/client': CLIENT };
    const unknown = imports.filter(({ from, to }) => {
      if (modules.includes(to) || to.startsWith('node:') || to.endsWith('.css')) return false;
      const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/');
      return !(name in installed || (from.startsWith(CONSOLE) && name in built));
    });
    expect(unknown.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });
});

describe('every file of src', () => {
  it('belongs to a room of the table', () => {
    expect(files.filter((file) => !(roomOf(file) in ROOMS))).toEqual([]);
  });

  it(`has at most ${MAX_LINES} lines, but for the pages of the documentation`, () => {
    const code = files.filter((file) => roomOf(file) !== 'docs/');
    const lengths = code.map((file) => [file, read(`src/${file}`).trimEnd().split('\n').length] as const);
    expect(lengths.filter(([, lines]) => lines > MAX_LINES)).toEqual([]);
  });

  it('uses no type any and suppresses no type error', () => {
    const untyped = /(?:[:<|&(,]\s*|=>\s*|\bas\s+)any\b|@ts-(?:ignore|expect-error|nocheck)/;
    const found = [...texts].filter(
      ([, text]) => untyped.test(withoutTexts(text)) || /@ts-(?:ignore|expect-error|nocheck)/.test(text),
    );
    expect(found.map(([file]) => file)).toEqual([]);
    expect(
      ['a: any', 'b as any', 'c<any>', '(d: Map<string, any>) => any'].every((text) => untyped.test(text)),
    ).toBe(true);
  });
});

describe('package.json', () => {
  it('names one exact version of every dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(10);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
