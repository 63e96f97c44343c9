import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { drpRefusal } from '../../src/dialects/drp.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { hubProgram } from '../support/command.ts';
import { START_OPTIONS } from '../support/start-options.ts';
import { drainMs, durationMs, exists, read, readYaml, withDefaults } from './files.ts';

const boundTo = /^\$\{BELFRY_BIND:-127\.0\.0\.1\}:/;

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly stop_grace_period?: string;
}

const compose = readYaml('docker-compose.yml') as { services: Record<string, Service>; volumes: object };
/** Variables that every command takes. */
const HUB_HELP = 'BELFRY_URL BELFRY_TOKEN';
const service = (name: string): Service => compose.services[name] as Service;
const dockerfile = read('deploy/Dockerfile');
const haproxy = read('deploy/haproxy.cfg');
const ports = loadConfig({}).listen.map(({ port }) => port);

describe('the image', () => {
  it('is built from files that exist and that .dockerignore lets into the build', () => {
    const given = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied).not.toEqual([]);
    for (const path of copied) {
      expect(exists(path)).toBe(true);
      expect(given).toContain(path);
    }
  });

  it('exposes the ports on which a node listens by default, and has a health check at one of them', () => {
    const [, exposed = ''] = /^EXPOSE (.+)$/m.exec(dockerfile) ?? [];
    expect(exposed.split(' ').map(Number)).toEqual(ports);
    const [, port, path] = /http:\/\/127\.0\.0\.1:(\d+)(\/\w+)/.exec(dockerfile) ?? [];
    expect([ports.includes(Number(port)), path]).toEqual([true, '/readyz']);
  });

  it('runs the command as its first process, as a user without privileges, in the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const [, entrypoint = ''] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
    expect(JSON.parse(entrypoint)).toEqual(['node', ...START_OPTIONS, 'src/main.ts']);
    expect(START_OPTIONS).toContain('--max-semi-space-size=16');
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(dockerfile).toContain(`ARG VERSION=${version}\n`);
    expect(dockerfile).toMatch(/npm ci --omit=dev/);
  });
});

describe('the compose file', () => {
  it('configures the hub with settings that exist', () => {
    const { environment = {} } = service('hub');
    const filled = Object.entries(environment).map(([name, value]) => [name, withDefaults(value)]);
    const config = loadConfig(Object.fromEntries(filled) as NodeJS.ProcessEnv, (path) => {
      expect(path).toBe('/secret/jwt');
      return 'f'.repeat(64);
    });
    expect(config).toMatchObject({ secretMade: false, jwtSecret: 'f'.repeat(64) });
    expect(config.redisUrl).toBe('redis://redis:6379');
    // The balancer is the one proxy before a node.
    expect(config.trustedHops).toBe(1);
  });

  it('makes the secret of the tokens at the first start, keeps it, and opens its ports to this machine only', () => {
    const { command } = service('secret') as unknown as { command: [string, string, string] };
    const folder = mkdtempSync(join(tmpdir(), 'belfry-secret-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const made = ['first start', 'second start'].map(() => {
      execFileSync(command[0], [command[1], command[2].replace('/secret', folder)]);
      return readFileSync(join(folder, 'jwt'), 'utf8');
    });
    expect(made[0]).toMatch(/^[\da-f]{64}$/);
    expect(made[1]).toBe(made[0]);
    expect(JSON.stringify(compose)).not.toContain('change-me');
    for (const { ports: open = [] } of Object.values(compose.services)) {
      for (const port of open) expect(withDefaults(port)).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('names only files, volumes and services that exist', () => {
    for (const { build, volumes = [], depends_on: needed = [] } of Object.values(compose.services)) {
      expect(build === undefined || exists(build.dockerfile)).toBe(true);
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        // A file of the machine, such as the socket of its Docker engine.
        if (source.startsWith('/')) continue;
        expect(source.startsWith('.') ? exists(source) : Object.hasOwn(compose.volumes, source)).toBe(true);
      }
      for (const name of Array.isArray(needed) ? needed : Object.keys(needed))
        expect(Object.keys(compose.services)).toContain(name);
    }
  });

  it('starts sources only with their profile, and gives each a token that permits what it publishes', () => {
    const sources = Object.entries(compose.services).filter(([, { profiles = [] }]) => profiles.length > 0);
    expect(Object.fromEntries(sources.map(([name, { profiles }]) => [name, profiles]))).toEqual({
      'source-tokens': ['mist', 'webhooks'],
      'docker-source': ['mist'],
      'docker-proxy': ['mist'],
      'host-source': ['mist'],
      'webhook-source': ['webhooks'],
    });
    const [, , script] = service('source-tokens').entrypoint as [string, string, string];
    const made = [...script.matchAll(/token (\w+) ("?[$\w,{}]+"?)(?: &&|$)/g)].map(([, name, types]) => [
      name,
      types,
    ]);
    expect(made).toEqual([
      ['docker', 'container,docker'],
      ['host', 'metrics'],
      ['webhook', '"$${BELFRY_SOURCE_HOOK}"'],
    ]);
    expect(service('source-tokens').environment?.['BELFRY_SOURCE_HOOK']).toBe(
      service('webhook-source').environment?.['BELFRY_SOURCE_HOOK'],
    );
    const program = hubProgram();
    const kinds = program.commands.find((command) => command.name() === 'source')?.commands ?? [];
    for (const name of ['docker', 'host', 'webhook']) {
      const { command = [], environment = {} } = service(`${name}-source`);
      const kind = kinds.find((each) => each.name() === command[0]);
      const help = kind?.helpInformation() ?? '';
      const options = command.filter((word) => word.startsWith('--'));
      for (const option of [...options, ...Object.keys(environment)])
        expect(help + HUB_HELP).toContain(option);
    }
  });

  it('gives the source of Docker a proxy for the socket, which permits to read, and no other service the socket', () => {
    const withSocket = Object.entries(compose.services).filter(([, { volumes = [] }]) =>
      volumes.some((volume) => volume.includes('docker.sock')),
    );
    expect(withSocket.map(([name]) => name)).toEqual(['docker-proxy']);
    const [, paths = ''] = /path_reg (\S+) \}/.exec(read('deploy/docker-proxy.cfg')) ?? [];
    const permitted = new RegExp(paths);
    for (const path of [
      '/events',
      '/containers/json',
      '/containers/a1/json',
      '/containers/a1/logs',
      '/containers/a1/stats',
    ])
      expect(path).toMatch(permitted);
    for (const path of [
      '/containers/a1/archive',
      '/containers/a1/exec',
      '/images/json',
      '/containers/../x/json',
      '/secrets',
    ])
      expect(path).not.toMatch(permitted);
    expect(read('deploy/docker-proxy.cfg')).toContain('deny deny_status 403 unless METH_GET');
  });

  it('gives the hub more time to end than a drain takes', () => {
    expect(durationMs(service('hub').stop_grace_period ?? '')).toBeGreaterThan(drainMs());
  });

  it('balances every port of the hub, and checks there whether a node is ready', () => {
    const published = (service('balancer').ports ?? []).filter((port) => boundTo.test(port));
    expect(published.map((port) => port.replace(boundTo, ''))).toEqual(
      ports.map((port) => `${port}:${port}`),
    );
    const bound = [...haproxy.matchAll(/^ {2}bind :(\d+)$/gm)].map(([, port]) => Number(port));
    expect(bound.slice(0, ports.length)).toEqual(ports);
    const served = [...haproxy.matchAll(/server-template \S+ \d+ hub:(\d+) /g)].map(([, port]) =>
      Number(port),
    );
    expect(served).toEqual(ports);
    // Otherwise the interval of the checks counts, and one busy moment takes out every node.
    expect(haproxy).toMatch(/^ {2}timeout check [5-9]s$/m);
    expect(haproxy.match(/^ {2}option httpchk GET \/readyz$/gm)).toHaveLength(ports.length);
  });

  it('has the balancer answer as a node would while no node is ready', () => {
    const [, status, body = '', after] =
      /http-error status (\d+) content-type application\/json string '(.+)' hdr Retry-After (\d+)$/m.exec(
        haproxy,
      ) ?? [];
    const error = new BelfryError('unavailable', 'No node is ready. Expected another try in a moment.');
    const ofNode = drpRefusal(error, '');
    expect([Number(status), body, after]).toEqual([
      ofNode.status,
      ofNode.body,
      ofNode.headers['Retry-After'],
    ]);
  });

  it('has Prometheus read the metrics of every replica and load the alerts', () => {
    const prometheus = readYaml('deploy/prometheus.yml') as {
      rule_files: string[];
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const [{ job_name: job, dns_sd_configs: found } = { job_name: '', dns_sd_configs: [] }] =
      prometheus.scrape_configs;
    expect([job, found[0]?.names]).toEqual(['belfry', ['hub']]);
    expect(ports).toContain(found[0]?.port);
    for (const file of prometheus.rule_files) expect(exists(`deploy/${file}`)).toBe(true);
  });

  it('makes Redis keep all data, and tolerate a slow subscriber for a while', () => {
    const { command } = service('redis') as unknown as { command: string[] };
    const setting = (name: string): string | undefined => command[command.indexOf(`--${name}`) + 1];
    expect(setting('maxmemory-policy')).toBe('noeviction');
    expect(setting('appendonly')).toBe('yes');
    expect(setting('client-output-buffer-limit')).toMatch(/^pubsub /);
  });
});
