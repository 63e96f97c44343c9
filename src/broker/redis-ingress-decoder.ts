import type { Clock } from '../model/clock.ts';
import { asBelfryError, ProtocolError } from '../model/errors.ts';
import { readJson } from '../model/json.ts';
import type { Retention } from '../model/retention.ts';
import { tooBig } from './logged-event.ts';
import { bodyOf, type Body, type Kind } from './redis-log-entry.ts';
import type { EventDecoderOptions } from './redis-event-decoder.ts';
import { bound } from '../model/bound.ts';

/** A longer text is not kept in the dead letters: a few of that size would push out all others. */
export const MAX_DEAD_LETTER_BYTES = bound(
  'text of one dead letter',
  8 * 1024 * 1024,
  'bytes',
  'the dead letter is kept without its text',
);

const FIELD = 'event';

export interface IngressDecoderOptions extends EventDecoderOptions {
  readonly retention: Retention;
  readonly clock: Clock;
}

/**
 * The content of an entry as ingress-take.lua answers it: the text of an entry whose only field is `event`; names and
 * values in turn, which may be those of such an entry too; the size of a text that is far too large; or null for an
 * entry that was removed.
 */
export type RawContent = Buffer | readonly Buffer[] | number | null;

/** What becomes of an entry. */
export interface Outcome {
  readonly id: string;
  /** The decision in the form that ingress-settle.lua takes. */
  readonly becomes: readonly [what: string, text: string | Buffer, ...Kind];
  /** What was written, for an entry that becomes an event. That may get its time from the clock of this node. */
  readonly written?: Buffer;
  /** The code of the error, for an entry that becomes a dead letter. */
  readonly reason?: string;
}

/** What an entry becomes that somebody removed from the ingress, or that is in its shard already. */
export const NOTHING: Outcome['becomes'] = ['nothing', '', '', '', '', ''];

/** Decides for each entry of the ingress whether it becomes an event or a dead letter. It never throws. */
export class IngressDecoder {
  readonly #options: IngressDecoderOptions;

  constructor(options: IngressDecoderOptions) {
    this.#options = options;
  }

  classify(id: string, content: RawContent): Outcome {
    if (content === null) return { id, becomes: NOTHING };
    try {
      const written = this.#written(content);
      const { json, kind } = this.#body(id, written);
      return { id, becomes: ['event', json, ...kind], written };
    } catch (thrown) {
      const { code, message } = asBelfryError(thrown);
      const time = new Date(this.#options.clock.now()).toISOString();
      return { id, becomes: ['dead_letter', this.#kept(content), code, message, time, ''], reason: code };
    }
  }

  #written(content: NonNullable<RawContent>): Buffer {
    const { maxEventBytes } = this.#options;
    if (typeof content === 'number') throw tooBig(content, maxEventBytes);
    const text = Buffer.isBuffer(content) ? content : onlyEvent(content);
    if (text.length > maxEventBytes) throw tooBig(text.length, maxEventBytes);
    return text;
  }

  #body(id: string, text: Buffer): Body {
    const { parse, clock } = this.#options;
    // The id tells when the entry was written, unless its publisher made the id up: a time in the future does not
    // count.
    return bodyOf(parse(readJson(text)), Math.min(Number.parseInt(id, 10), clock.now()), this.#options);
  }

  /**
   * The text that should have been the event, so that it can be retried: the only value of the entry, or its field
   * `event`.
   */
  #kept(content: NonNullable<RawContent>): Buffer | string {
    if (typeof content === 'number') return '';
    const bytes = Buffer.isBuffer(content) ? content : textOf(content);
    if (bytes.length > MAX_DEAD_LETTER_BYTES) return '';
    const written = bytes.toString();
    const masked = this.#options.redaction.maskText(written);
    // Bytes that are not UTF-8 would not survive being read as text.
    return masked === written ? bytes : masked;
  }
}

/** @throws ProtocolError unless the only field is `event` */
function onlyEvent(fields: readonly Buffer[]): Buffer {
  const [name, text] = fields;
  if (text === undefined || fields.length > 2 || name?.toString() !== FIELD) throw otherFields(fields);
  return text;
}

function textOf(fields: readonly Buffer[]): Buffer {
  const text = fields.length === 2 ? fields[1] : valueOf(fields);
  return text ?? Buffer.from(JSON.stringify(objectOf(fields)));
}

function otherFields(fields: readonly Buffer[]): ProtocolError {
  const names = fields.filter((_, i) => i % 2 === 0).map((name) => name.toString().slice(0, 100));
  const shown = names.slice(0, 10).join(', ');
  return new ProtocolError(
    'event_invalid',
    `The entry has the fields ${shown}. Expected the one field ${FIELD}.`,
  );
}

function valueOf(fields: readonly Buffer[]): Buffer | undefined {
  const at = fields.findIndex((name, i) => i % 2 === 0 && name.toString() === FIELD);
  return at < 0 ? undefined : fields[at + 1];
}

function objectOf(fields: readonly Buffer[]): Record<string, string> {
  const texts = fields.map((field) => field.toString());
  return Object.fromEntries(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : [])));
}
