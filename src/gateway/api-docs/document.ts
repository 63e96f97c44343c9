import type { Request, Response } from 'express';
import { documentOf, sendDocument, type Document } from '../http/document.ts';

/** A JSON document that is made for the first request and then kept as bytes. */
export function sendsDocument(make: () => object): (request: Request, response: Response) => void {
  let made: Document | undefined;
  return (request, response) => {
    made ??= documentOf(JSON.stringify(make()));
    response.set('Content-Type', 'application/json; charset=utf-8');
    sendDocument(request, response, made);
  };
}
