import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { read } from './files.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/rolling-upgrade.sh', import.meta.url));

/**
 * A stand-in for docker. Its replicas are lines `<id> <health>` of a file, and it writes down its calls. The engine is not
 * needed here, since the test checks only the order of the calls that the script makes.
 */
const DOCKER = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
case "$*" in
  'compose build hub') ;;
  'compose ps --quiet hub') cut -d' ' -f1 replicas ;;
  'compose up --detach --no-deps --no-recreate --scale hub='*' hub')
    wanted=\${*#*hub=}; wanted=\${wanted% hub}
    while [ "$(wc -l < replicas)" -lt "$wanted" ]; do
      echo "new-$(wc -l < calls) $(cat health)" >> replicas
    done ;;
  'inspect --format {{.State.Health.Status}} '*) grep "^\${*##* } " replicas | cut -d' ' -f2 ;;
  'stop --time '*)
    echo "left $(grep -v "^\${*##* } " replicas | grep -c healthy)" >> calls ;;
  'rm '*) grep -v "^$2 " replicas > rest; mv rest replicas ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
`;

interface Played {
  readonly calls: string[];
  readonly replicas: string[];
  readonly error: string;
}

async function play(replicas: readonly string[], health = 'healthy'): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-docker-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const lines = (name: string): string[] => readFileSync(file(name), 'utf8').split('\n').filter(Boolean);
  writeFileSync(file('replicas'), replicas.map((id) => `${id} healthy\n`).join(''));
  writeFileSync(file('health'), health);
  for (const [name, text] of [
    ['docker', DOCKER],
    // The script waits by whole seconds, and the test need not wait.
    ['sleep', '#!/bin/sh\n'],
  ] as const) {
    writeFileSync(file(name), text);
    chmodSync(file(name), 0o755);
  }
  const env = { PATH: `${folder}${delimiter}${process.env['PATH']}` };
  const { error } = await promisify(execFile)(SCRIPT, { env }).then(
    () => ({ error: '' }),
    (thrown: { stderr: string }) => ({ error: thrown.stderr }),
  );
  return { calls: lines('calls'), replicas: lines('replicas'), error };
}

describe('the rolling upgrade of compose', () => {
  it('replaces every replica, and never leaves fewer ready replicas than at its start', async () => {
    const { calls, replicas, error } = await play(['a', 'b', 'c']);
    expect(error).toBe('');
    expect(calls[0]).toBe('compose build hub');
    expect(calls.filter((call) => call.startsWith('stop'))).toEqual(
      ['a', 'b', 'c'].map((id) => `stop --time 30 ${id}`),
    );
    expect(calls.filter((call) => call.startsWith('left'))).toEqual(['left 3', 'left 3', 'left 3']);
    expect(replicas).toHaveLength(3);
    expect(replicas.every((line) => line.startsWith('new-'))).toBe(true);
  });

  it('keeps the old replicas when a new one does not get ready, and says where to look', async () => {
    const { calls, replicas, error } = await play(['a', 'b'], 'unhealthy');
    expect(calls.some((call) => call.startsWith('stop'))).toBe(false);
    expect(replicas.slice(0, 2)).toEqual(['a healthy', 'b healthy']);
    expect(error).toMatch(/is not ready after 60 s.*docker logs new-/);
  });

  it('says how to start a hub when none runs', async () => {
    expect((await play([])).error).toContain('docker compose up --detach');
  });

  it('is named by the page about upgrades and by the compose file', () => {
    for (const path of ['src/docs/how-to/upgrade.md', 'docker-compose.yml'])
      expect(read(path)).toContain('deploy/rolling-upgrade.sh');
  });
});
