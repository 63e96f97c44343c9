import type { ChildProcess } from 'node:child_process';

/** The requests that a child process answers. Each has one argument. The argument and the answer must be plain data. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers the parent process, and ends with it. */
export function answer(handlers: Handlers): void {
  const reply = async ({ id, name, argument }: Question): Promise<Answer> => {
    try {
      return { id, result: await handlers[name]?.(argument as never) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on(
    'message',
    (question: Question) => void reply(question).then((answered) => process.send?.(answered)),
  );
  process.on('disconnect', () => process.exit());
}

/** A child process that answers by {@link answer}. */
export class Remote<H extends Handlers> {
  readonly child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  #asked = 0;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`The process ended with ${code ?? signal} before it answered.`));
    });
  }

  ask<K extends keyof H & string>(
    name: K,
    argument: Parameters<H[K]>[0],
  ): Promise<Awaited<ReturnType<H[K]>>> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.child.send({ id, name, argument } satisfies Question);
    });
  }
}
