import { ProtocolError } from '../model/errors.ts';
import { refuseReservedType, refuseUnloggedType, type NewEvent } from '../model/event.ts';
import { formatOf, type Format, type TopicRule } from '../model/format.ts';
import { JsonText, type Body } from '../model/json.ts';
import { CLOUDEVENTS, publishing as cloudEvents } from './cloudevents.ts';
import type { Dialect, Messages, Publishing } from './dialect.ts';

/**
 * The order in which formats are tried, from the most certain to the least. First come CloudEvents, which say what they
 * are, and may have any other field. Then come the fields that name a type and an action, then a name that only one
 * system has, and last a `type` with a dot in it, which several systems write.
 */
const MOST_TELLING: readonly TopicRule['kind'][] = ['qualified', 'fields', 'named', 'dotted'];

interface Written extends Publishing {
  readonly name: string;
}

function rankOf({ format }: Written): number {
  return MOST_TELLING.indexOf(format.topic.kind);
}

/** Every format in which publishers may write an event: CloudEvents, and the formats of the dialects that have one. */
export class EventFormats {
  /** The formats, in the order in which they are tried on an event. */
  readonly all: readonly Format[];
  /** The schema of an event in each format, by the name of the dialect. */
  readonly schemas: Messages;
  readonly #byName: ReadonlyMap<string, Written>;
  readonly #byFormat: ReadonlyMap<Format, Written>;
  readonly #forms: string;

  constructor(dialects: readonly Dialect[]) {
    const written = [{ name: CLOUDEVENTS, publishing: cloudEvents }, ...dialects]
      .flatMap(({ name, publishing }): Written[] => (publishing ? [{ ...publishing, name }] : []))
      .toSorted((one, other) => rankOf(one) - rankOf(other));
    this.all = written.map(({ format }) => format);
    // CloudEvents are tried first and shown last, since people who write an event by hand seldom write one.
    const shown = [...written.slice(1), ...written.slice(0, 1)];
    this.schemas = Object.fromEntries(shown.map(({ name, schema }) => [name, schema]));
    this.#byName = new Map(written.map((each) => [each.name, each]));
    this.#byFormat = new Map(written.map((each) => [each.format, each]));
    const forms = shown.map(({ fields, name }) => `${fields} (${name})`);
    this.#forms = [forms.slice(0, -1).join(', '), ...forms.slice(-1)].join(' or ');
  }

  /**
   * Reads one published event in the format of the named dialect, or else in the format that its fields show.
   * @throws ProtocolError `event_invalid` or `type_reserved`
   */
  parse(body: Body | JsonText, name?: string): NewEvent {
    const event = this.#read(body, name);
    refuseReservedType(event);
    return event;
  }

  /** Reads an event of the log in the same way. The hub's own registry writes there too, so its types are permitted. */
  parseLogged(body: Body | JsonText): NewEvent {
    const event = this.#read(body);
    refuseUnloggedType(event);
    return event;
  }

  #read(given: Body | JsonText, name?: string): NewEvent {
    const body = given instanceof JsonText ? (given.fields ?? null) : given;
    const written = name === undefined ? this.#shownBy(body) : this.#byName.get(name);
    const event = written?.parse(body);
    if (event !== undefined) return event;
    if (name !== undefined && written === undefined) {
      const system = name.charAt(0).toUpperCase() + name.slice(1);
      const why = `${system} has no format for publishers. Expected the fields type, action, key, and no dialect named.`;
      throw new ProtocolError('event_invalid', why);
    }
    const inFormat = written === undefined ? '' : ` in ${written.name}`;
    throw new ProtocolError(
      'event_invalid',
      `Not an event${inFormat}. Expected an object with the fields ${this.#forms}.`,
    );
  }

  #shownBy(body: Body): Written | undefined {
    const format = formatOf(body, this.all);
    return format && this.#byFormat.get(format);
  }
}
