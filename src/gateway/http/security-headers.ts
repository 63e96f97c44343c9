import { addHeaders } from './answer-headers.ts';
import type { Handler } from './handler.ts';

/**
 * The headers of every answer. An answer is meant only for the client that asked: no cache keeps it, no browser
 * guesses another type for it, and no other site learns the address, which may hold a token.
 */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
const LIST = Object.entries(SECURITY_HEADERS).flat();

export const securityHeaders: Handler = (_request, response) => addHeaders(response, LIST);
