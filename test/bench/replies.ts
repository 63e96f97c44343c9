/** What came back on one connection since the last call. */
export interface Replies {
  readonly accepted: number;
  /** The first reply that refuses, as text. */
  readonly refused?: string;
  readonly refusals: number;
}

/** The protocols in which a publisher is answered. */
export type Protocol = 'resp' | 'http' | 'websocket';

/**
 * Finds one whole reply that begins at this offset. The result is where it ends and whether it accepts, or `undefined`
 * where its end has not come yet.
 */
type Find = (bytes: Buffer, start: number) => { readonly end: number; readonly accepts: boolean } | undefined;

const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '\r\n0\r\n\r\n';
const REFUSAL_CHARACTERS = 200;

/** Counts the replies in a stream of bytes, which may be cut anywhere. */
export function replyCounter(protocol: Protocol): (chunk: Buffer) => Replies {
  const find = FINDERS[protocol];
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    let accepted = 0;
    let refusals = 0;
    let refused: string | undefined;
    for (let found = find(bytes, 0); found !== undefined; found = find(bytes, start)) {
      if (found.accepts) accepted++;
      else {
        refusals++;
        refused ??= bytes.toString('utf8', start, Math.min(found.end, start + REFUSAL_CHARACTERS));
      }
      start = found.end;
    }
    // The caller may reuse the bytes of the chunk.
    rest = Buffer.from(bytes.subarray(start));
    return { accepted, refusals, ...(refused !== undefined && { refused }) };
  };
}

const FINDERS: Readonly<Record<Protocol, Find>> = {
  resp: (bytes, start) => {
    const end = respEnd(bytes, start);
    return end === undefined ? undefined : { end, accepts: bytes[start] !== '-'.charCodeAt(0) };
  },

  http: (bytes, start) => {
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd < 0) return undefined;
    const head = bytes.toString('latin1', start, headEnd);
    const body = headEnd + HEAD_END.length;
    const end = bodyEnd(bytes, head, body);
    if (end === undefined || end > bytes.length) return undefined;
    const isError = bytes.subarray(body, end).includes('"error":');
    return { end, accepts: head.startsWith('HTTP/1.1 2') && !isError };
  },

  websocket: (bytes, start) => {
    const short = (bytes[start + 1] ?? 0) & 0x7f;
    const payload = start + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (bytes.length < payload) return undefined;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(start + 2) : bytes.readUInt32BE(start + 6);
    const end = payload + length;
    if (bytes.length < end) return undefined;
    return { end, accepts: !bytes.subarray(payload, end).includes('"action":"error"') };
  },
};

function respEnd(bytes: Buffer, start: number): number | undefined {
  const lineEnd = bytes.indexOf(LINE_END, start);
  if (lineEnd < 0) return undefined;
  const next = lineEnd + LINE_END.length;
  const count = Number(bytes.toString('latin1', start + 1, lineEnd));
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '$': {
      const end = count < 0 ? next : next + count + LINE_END.length;
      return end > bytes.length ? undefined : end;
    }
    case '*': {
      let end: number | undefined = next;
      for (let item = 0; item < count && end !== undefined; item++) end = respEnd(bytes, end);
      return end;
    }
    default:
      return next;
  }
}

function bodyEnd(bytes: Buffer, head: string, body: number): number | undefined {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body + Number(length);
  if (!/^transfer-encoding: *chunked/im.test(head)) return body;
  const last = bytes.indexOf(LAST_CHUNK, body - LINE_END.length);
  return last < 0 ? undefined : last + LAST_CHUNK.length;
}
