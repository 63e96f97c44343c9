import { HUB_TYPE, type NewEvent } from './event.ts';
import { parseJson, type Json } from './json.ts';
import { isPath, Mask, parseField, REDACTED, type Fields, type Glob } from './mask.ts';
import { Pattern } from './pattern.ts';
import { ADMIN } from './principal.ts';

/** What is masked in events before somebody sees it. */
export interface RedactionRule {
  /** Names (`*_token`) at any depth, and paths from the event's root (`object.spec.sshKey`). */
  readonly fields: readonly string[];
  /** `type.action.key`; absent for all events. */
  readonly events?: string | undefined;
  /** Roles that see it all the same, beside admin. With none, nobody does, and it is nowhere kept. */
  readonly except?: readonly string[] | undefined;
}

/**
 * Names under which there is hardly ever anything but a secret. Not `tokens`, which are counted more often than told,
 * and nothing that a bare `key` could match: keys are how events are known.
 */
export const DEFAULT_REDACTION: readonly RedactionRule[] = [
  {
    fields: [
      '*password',
      '*passwords',
      'passwordHash',
      '*passwd',
      '*passphrase',
      '*secret',
      '*secrets',
      '*token',
      '*authorization',
      '*credential',
      '*credentials',
      '*apiKey',
      '*accessKey',
      '*privateKey',
      '*secretKey',
      '*encryptionKey',
      '*signingKey',
      '*apiKeys',
      '*accessKeys',
      '*privateKeys',
      '*secretKeys',
      '*pwd',
      'cookie',
      'setCookie',
    ],
  },
];

/** What is masked for the same people in the same events. */
export interface Layer {
  /** `undefined` is every event. */
  readonly events: Pattern | undefined;
  readonly except: ReadonlySet<string>;
  readonly fields: Fields;
  readonly mask: Mask;
}

/** How those see events who hold roles that come to the same. */
export class View {
  /** Equal texts see the same. */
  readonly text: string;
  readonly #layers: readonly Layer[];

  constructor(text: string, layers: readonly Layer[]) {
    this.text = text;
    this.#layers = layers;
  }

  /** Hides nothing of any event. */
  get isWhole(): boolean {
    return this.#layers.length === 0;
  }

  /** The event itself when the view hides nothing of it. What the hub says to a client is the client's own. */
  mask<Event extends NewEvent>(event: Event): Event {
    return event.type === HUB_TYPE ? event : masked(event, this.#layers);
  }

  /** {@link Redaction.maskText}, for those who see events like this. */
  maskText(text: string): string {
    return maskedText(text, this.#layers);
  }
}

/** Sees all that is kept. */
const WHOLE = new View('', []);

/**
 * What nobody may see is masked before an event enters the log. What some may see is kept, and masked for everybody
 * else as the event goes out.
 */
export class Redaction {
  static readonly none = new Redaction([]);

  /** What nobody may see. */
  readonly standing: readonly Layer[];
  readonly #excepted: readonly Layer[];
  readonly #views = new Map<string, View>();

  /** @throws ProtocolError `pattern_invalid`. A field that is neither name nor path is passed over. */
  constructor(rules: readonly RedactionRule[]) {
    const layers = layersOf(rules);
    this.standing = layers.filter(({ except }) => except.size === 0);
    this.#excepted = layers.filter(({ except }) => except.size > 0);
  }

  /** The event without what nobody may see; the event itself when it holds nothing of that. */
  mask<Event extends NewEvent>(event: Event): Event {
    return masked(event, this.standing);
  }

  /**
   * The text of what may be no event, without what nobody may see. Since nobody knows of which type it is, every rule
   * holds. What is not JSON stays as it is; JSON that no event may be made of is masked as a whole.
   */
  maskText(text: string): string {
    return maskedText(text, this.standing);
  }

  /** The same object for roles that come to the same, so that work can be shared by it. */
  viewOf(roles: readonly string[]): View {
    if (this.#excepted.length === 0 || roles.includes(ADMIN)) return WHOLE;
    const hidden = this.#excepted.filter(({ except }) => !roles.some((role) => except.has(role)));
    if (hidden.length === 0) return WHOLE;
    const text = hidden.map((layer) => this.#excepted.indexOf(layer)).join();
    let view = this.#views.get(text);
    if (view === undefined) this.#views.set(text, (view = new View(text, hidden)));
    return view;
  }
}

function masked<Event extends NewEvent>(event: Event, layers: readonly Layer[]): Event {
  for (const { events, mask } of layers) {
    if (events === undefined || events.matches(event)) event = mask.apply(event);
  }
  return event;
}

function maskedText(text: string, layers: readonly Layer[]): string {
  if (layers.length === 0 || !isJson(text)) return text;
  let json: Json;
  try {
    json = parseJson(text);
  } catch {
    return JSON.stringify(REDACTED);
  }
  const seen = layers.reduce((each, { mask }) => mask.anywhere(each), json);
  return seen === json ? text : JSON.stringify(seen);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Rules for the same events and roles are one layer, so that an event is walked through once for all of them. */
function layersOf(rules: readonly RedactionRule[]): Layer[] {
  const groups = Map.groupBy(rules, ({ events, except = [] }) =>
    JSON.stringify([events, [...new Set(except)].toSorted()]),
  );
  return [...groups.values()].map((group) => {
    const [{ events, except = [] }] = group as [RedactionRule, ...RedactionRule[]];
    const fields = fieldsOf(group.flatMap((rule) => rule.fields));
    return {
      events: events === undefined ? undefined : Pattern.parse(events),
      except: new Set(except),
      fields,
      mask: new Mask(fields),
    };
  });
}

function fieldsOf(texts: readonly string[]): Fields {
  const fields = texts.flatMap((text) => {
    const field = parseField(text);
    return field === undefined ? [] : [field];
  });
  return {
    names: fields.filter((field): field is Glob => !isPath(field)),
    paths: fields.filter(isPath),
  };
}
