import type { RequestHandler } from 'express';

/**
 * The headers of every answer. An answer is meant for the client that asked: nobody keeps it, no browser takes it for
 * another type than it says, and the address, which may hold a token, is not told to other sites.
 */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set(SECURITY_HEADERS);
  next();
};
