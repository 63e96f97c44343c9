import type { Socket, SocketClass } from './environment.ts';
import { closeCodeOf, HubError } from './errors.ts';
import type { Gap, HubEvent } from './item.ts';
import { OPEN_MS, type Answered, type Link, type LinkHandler, type LinkOptions, type Reply } from './link.ts';

const ANSWER_MS = 10_000;

interface Frame extends HubEvent, Reply {
  readonly object: Readonly<Record<string, unknown>>;
}

/** A native socket. The token is sent in the first command, so that a page can read why it was refused. */
export class SocketLink implements Link {
  readonly kind = 'socket';
  readonly answerMs = ANSWER_MS;
  readonly #socket: Socket;
  readonly #handler: LinkHandler;
  readonly #answers = new Map<string, Answered>();
  readonly #cancelOpening: () => void;
  #lastId = 0;
  #isOver = false;

  constructor({ environment, base, token }: LinkOptions, handler: LinkHandler) {
    const SocketOf = environment.WebSocket as SocketClass;
    this.#handler = handler;
    this.#cancelOpening = environment.clock.after(OPEN_MS, () => this.#end(1006, 'no answer'));
    this.#socket = new SocketOf(`${base.replace(/^http/, 'ws')}native/ws`);
    this.#socket.addEventListener('open', () => this.#opened(token));
    this.#socket.addEventListener('message', ({ data }) => this.#heard(String(data)));
    // An error is always followed by a close, which says more.
    this.#socket.addEventListener('error', () => undefined);
    this.#socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason));
  }

  send(command: string, fields: object, answered: Answered): void {
    const id = `${++this.#lastId}`;
    this.#answers.set(id, answered);
    this.#socket.send(JSON.stringify({ id, command, ...fields }));
  }

  close(): void {
    this.#isOver = true;
    this.#cancelOpening();
    this.#socket.close(1000);
  }

  #opened(token: string | undefined): void {
    if (this.#isOver) return;
    if (token === undefined) return this.#proven();
    this.send('auth', { token }, (error, reply) =>
      error === undefined ? this.#proven(reply) : this.#end(closeCodeOf(error), error.message),
    );
  }

  #proven(auth?: Reply): void {
    this.#cancelOpening();
    this.#handler.opened(this, auth);
  }

  #heard(text: string): void {
    if (this.#isOver) return;
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return this.#end(1006, 'what came is not JSON');
    }
    const { type, action, key, object } = frame;
    if (type !== 'belfry') return this.#handler.event({ ...frame, text });
    if (action === 'gap') return this.#handler.gap(object as unknown as Gap);
    const answered = this.#answers.get(key);
    this.#answers.delete(key);
    if (action !== 'error') return answered?.(undefined, frame);
    const error = refusalOf(object);
    if (answered !== undefined) return answered(error);
    // A subscription that was answered has failed nevertheless, because the log could not be read.
    this.#end(1013, error.message);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handler.closed(code, reason);
  }
}

function refusalOf(object: Readonly<Record<string, unknown>>): HubError {
  const {
    code = 'refused',
    message = 'The hub refused.',
    ...more
  } = object as Readonly<Record<string, string | undefined>>;
  return new HubError(code, message, more);
}
