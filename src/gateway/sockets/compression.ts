const EXTENSION = 'permessage-deflate';
/** Frames are compressed once for many connections, with the window that all clients can read. */
const WINDOW_BITS = '15';
const SERVER_WINDOW = 'server_max_window_bits';
/** Every message is compressed by itself, in both directions. */
const WITHOUT_CONTEXT = '; server_no_context_takeover; client_no_context_takeover';
const PLAIN = `${EXTENSION}${WITHOUT_CONTEXT}`;

/** The extension that was agreed, as the answer to the handshake names it. */
export type Compression = string | undefined;

/** One extension that a client offers, with its parameters in their order. */
interface Offer {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/**
 * What the node answers to the compressions that a handshake offers: it agrees to the first that it can carry out, and to
 * none if there is no such (RFC 7692, 5.1). `false` means that the handshake must be refused (RFC 6455, 9.1).
 */
export function chooseCompression(header: string | undefined): Compression | false {
  if (header === undefined) return undefined;
  const offers = offersIn(header);
  if (offers === undefined) return false;
  const chosen = offers.find(isUsable);
  if (chosen === undefined) return undefined;
  // An offer that names a window of the server must be answered with one. What the offer says about the client's own
  // window binds only the client.
  const window = chosen.parameters.some(([name]) => name === SERVER_WINDOW);
  return window ? `${EXTENSION}; ${SERVER_WINDOW}=${WINDOW_BITS}${WITHOUT_CONTEXT}` : PLAIN;
}

/**
 * Whether the offer has only permitted parameters, each once, with values that this node can keep to (RFC 7692, 7.1).
 */
function isUsable({ name, parameters }: Offer): boolean {
  const names = new Set(parameters.map(([parameter]) => parameter));
  return name === EXTENSION && names.size === parameters.length && parameters.every(isKept);
}

function isKept([name, value]: Offer['parameters'][number]): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === undefined;
    case SERVER_WINDOW:
      return value === WINDOW_BITS;
    case 'client_max_window_bits':
      return value === undefined || /^(?:[89]|1[0-5])$/.test(value);
    default:
      return false;
  }
}

const TOKEN = "[!#$%&'*+.^_`|~\\dA-Za-z-]+";
const WORD = new RegExp(`[ \\t]*(${TOKEN})[ \\t]*`, 'y');
const VALUE = new RegExp(`=[ \\t]*(?:(${TOKEN})|"((?:\\\\?[!#$%&'*+.^_\`|~\\dA-Za-z-])+)")[ \\t]*`, 'y');

/** The offers of a header in their order, or `undefined` when the header does not have the form of RFC 6455, 9.1. */
function offersIn(header: string): Offer[] | undefined {
  const offers: Offer[] = [];
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | undefined => {
    form.lastIndex = at;
    const found = form.exec(header) ?? undefined;
    at += found?.[0].length ?? 0;
    return found;
  };
  do {
    const name = take(WORD)?.[1];
    if (name === undefined) return undefined;
    const parameters: [string, string | undefined][] = [];
    while (header[at] === ';') {
      at++;
      const parameter = take(WORD)?.[1];
      if (parameter === undefined) return undefined;
      const [, token, quoted] = take(VALUE) ?? [];
      parameters.push([parameter, token ?? quoted?.replaceAll('\\', '')]);
    }
    offers.push({ name, parameters });
  } while (header[at++] === ',');
  return at > header.length ? offers : undefined;
}
