import { type UserError, userError } from './errors';

/**
 * Documents that a client registers, and runs by their ids from then on. Source: GraphQL over HTTP, appendix A
 * "Persisted documents"; Apollo, "Persisted queries"; Relay, "Persisted queries".
 */

/** Which documents a client may run besides its registered ones. */
export const documentModes = ['Open', 'LogUnknown', 'RegisteredOnly'] as const;
export type DocumentMode = (typeof documentModes)[number];

export const documentModeMeanings: Record<DocumentMode, string> = {
  Open: 'Any document. A document that was sent with its hash runs by the hash alone for a while.',
  LogUnknown: 'Any document. Unregistered documents are recorded, since RegisteredOnly would refuse them.',
  RegisteredOnly:
    'Registered documents only, by id or as the same text. Introspection is refused unless it is registered.',
};

/**
 * The stored form of an id. The appendix of GraphQL over HTTP writes `sha256:` before the digits; others write the
 * digits alone. Hex digits come in either case.
 */
export function documentIdOf(id: string): string {
  const digits = /^sha256:/i.test(id) ? id.slice('sha256:'.length) : id;
  return /^[0-9a-f]+$/i.test(digits) ? digits.toLowerCase() : digits;
}

/**
 * The most documents of one import, and of one client. A screen is a document; the largest front ends have some
 * hundreds.
 */
export const mostDocuments = 2_000;

/** The longest document, in characters. */
export const longestDocument = 200_000;

export interface DocumentText {
  documentId: string;
  text: string;
}

/**
 * Judges a registration beside the registered documents. The text of an id never changes, because a deployed program
 * would get another answer.
 */
export function judgeRegistration(
  documents: readonly DocumentText[],
  registered: ReadonlyMap<string, string>,
): UserError[] {
  const errors: UserError[] = [];
  const texts = new Map(registered);
  for (const { documentId, text } of documents) {
    const known = texts.get(documentId);
    if (known !== undefined && known !== text) {
      const message = `${documentId} is registered with another text. The text of an id can never change.`;
      errors.push(userError('DUPLICATE', message, ['manifest', documentId]));
    } else if (text.length > longestDocument) {
      const message = `The document has ${text.length} characters; at most ${longestDocument} are allowed.`;
      errors.push(userError('LIMIT_EXCEEDED', message, ['manifest', documentId]));
    }
    texts.set(documentId, text);
  }
  if (texts.size > mostDocuments) {
    const message = `The client would have ${texts.size} documents; at most ${mostDocuments} are allowed.`;
    errors.push(userError('LIMIT_EXCEEDED', message, ['manifest']));
  }
  return errors;
}

/** Whether the document is no longer served on this day. */
export const isRetired = ({ retiredDate }: { retiredDate: string | null }, today: string): boolean =>
  retiredDate !== null && retiredDate <= today;
