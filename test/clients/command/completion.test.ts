import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { completionScript, type Shell } from '../../../src/clients/cli/completion-scripts.ts';
import { writeContexts } from '../../../src/clients/cli/contexts.ts';
import { nativeClient } from '../../support/client.ts';
import { runHere } from '../../support/command.ts';
import { startNode } from '../../support/node.ts';
import { MAIN } from '../../support/process.ts';

async function start() {
  const node = await startNode();
  const token = await node.token();
  const folder = mkdtempSync(join(tmpdir(), 'belfry-completion-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { BELFRY_CONTEXTS: join(folder, 'contexts.json') };
  const contexts = { here: { url: node.url, token }, away: { url: 'http://127.0.0.1:1/' } };
  writeContexts({ contexts, selected: 'here' }, env.BELFRY_CONTEXTS);
  for (const topic of ['deploy.step.a', 'deploy.done.a', 'jobs.save.b'])
    await runHere(['publish', topic, '1'], env);
  return { node, token, folder, env };
}

describe('what a shell may complete', () => {
  it('are commands, options, choices, contexts, and what the hub knows', async () => {
    const { node, token, env } = await start();
    await nativeClient(node.url, token, ['a.*.*']);
    const complete = async (...words: string[]) => (await runHere(['complete', '--', ...words], env)).lines;
    expect(await complete('wa')).toEqual(['watch', 'wait']);
    expect(await complete('connections', 'w')).toEqual(['watch']);
    expect(await complete('watch', '--out')).toEqual(['--output']);
    expect(await complete('watch', '-o', '')).toEqual(['table', 'json', 'jsonl', 'yaml']);
    expect(await complete('completion', 'f')).toEqual(['fish']);
    expect(await complete('watch', '--context', '')).toEqual(['here', 'away']);
    expect(await complete('context', 'select', 'a')).toEqual(['away']);
    expect(await complete('watch', "'deploy.")).toEqual(['deploy.*.*', 'deploy.done.*', 'deploy.step.*']);
    expect(await complete('wait', 'x.y.z', '--fail-on', 'deploy.d')).toEqual(['deploy.done.*']);
    expect(await complete('publish', 'j')).toEqual(['jobs.save.']);
    expect(await complete('presence', 'user:')).toEqual(['user:admin']);
    expect(await complete('watch', '-c', 'away', 'deploy.')).toEqual([]);
    expect(await complete('nothing', '')).toEqual([]);
    expect(await complete()).toContain('whoami');
  });
});

const HAS: Readonly<Record<Shell, boolean>> = {
  bash: spawnSync('bash', ['--version']).status === 0,
  zsh: spawnSync('zsh', ['--version']).status === 0,
  fish: spawnSync('fish', ['--version']).status === 0,
};

/** What each shell does with a line when somebody presses the tab key at its end. */
const PRESS: Readonly<Record<Shell, (line: string, folder: string) => string>> = {
  bash: (line) =>
    `${completionScript('bash')}\nCOMP_LINE=${quoted(line)}; COMP_POINT=\${#COMP_LINE}; _belfry; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (line) =>
    // compadd works only while zsh completes, so that this one prints what it is given.
    `compdef() { :; }\ncompadd() { print -l -- "\${(@P)2}"; }\n${completionScript('zsh')}\nwords=("\${(@Q)\${(z)$(print -r -- ${quoted(line)})}}"); [[ ${quoted(line)} == *' ' ]] && words+=(""); CURRENT=\${#words}; _belfry`,
  fish: (line) => `${completionScript('fish')}\ncomplete -C ${quoted(line)}`,
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

describe.each(['bash', 'zsh', 'fish'] as const)('the completion of %s', (shell) => {
  it.skipIf(!HAS[shell])('asks the command, and offers what it answers', async () => {
    const { folder, env } = await start();
    const bin = join(folder, 'belfry');
    writeFileSync(bin, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    chmodSync(bin, 0o755);
    const press = async (line: string): Promise<string[]> => {
      const { stdout } = await promisify(execFile)(shell, ['-c', PRESS[shell](line, folder)], {
        cwd: folder,
        env: { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, ...env },
      });
      return stdout
        .split('\n')
        .filter((each) => each !== '')
        .toSorted();
    };
    expect(await press('belfry wa')).toEqual(['wait', 'watch']);
    expect(await press('belfry context select ')).toEqual(['away', 'here']);
    const deploys = ['deploy.*.*', 'deploy.done.*', 'deploy.step.*'];
    const escaped = shell === 'bash' ? deploys.map((each) => each.replaceAll('*', '\\*')) : deploys;
    expect(await press('belfry watch deploy.')).toEqual(escaped);
  });
});
