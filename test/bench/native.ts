import { spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { start, temporaryDirectory } from './processes.ts';

const FOLDER = new URL('load-client/', import.meta.url);
const OPTIONS = ['-O2', '-o'];

/** What each program was compiled to, or `undefined` where there is no compiler. */
const compiled = new Map<string, string | undefined>();

/** A program in C, which is compiled once. The result is `undefined` where no compiler is on the PATH. */
export function programInC(name: 'main' | 'replay'): string | undefined {
  if (!compiled.has(name))
    compiled.set(name, process.env['BENCH_LOAD'] === 'node' ? undefined : compile(name));
  return compiled.get(name);
}

function compile(name: string): string | undefined {
  const file = join(temporaryDirectory(), name);
  const source = fileURLToPath(new URL(`${name}.c`, FOLDER));
  const { error, status, stderr } = spawnSync('cc', [...OPTIONS, file, source], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Error(`${source} does not compile: ${stderr}`);
  return file;
}

/** A program that answers each line on its stdin with a line of JSON. */
export class Program {
  readonly child: ChildProcess;
  #answer: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined;

  constructor(core: number, file: string) {
    this.child = start(core, [file], { speaks: 'lines' });
    const { stdout } = this.child;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#answer?.resolve(line));
    this.child.once('exit', (code, signal) =>
      this.#answer?.reject(new Error(`The load client ended with ${code ?? signal} before it answered.`)),
    );
  }

  async ask<T extends object>(command: string): Promise<T> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.child.stdin?.write(`${command}\n`);
    });
    const answer = JSON.parse(line) as T & { readonly error?: string };
    if (answer.error !== undefined)
      throw new Error(`The load client failed at "${command}": ${answer.error}.`);
    return answer;
  }
}
