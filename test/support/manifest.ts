import { hashOf } from '../../src/service/registered-document';

/** A manifest of documents, as Relay writes it. */
export const manifestOf = (...texts: string[]): string =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hashOf(text), text])));
