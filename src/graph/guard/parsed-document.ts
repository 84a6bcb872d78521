import { type DocumentNode, GraphQLError, type GraphQLSchema, validate } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { graphqlErrorCodes } from '../../domain/errors';
import { hashOf } from '../../service/registered-document';
import type { DocumentLimits, Pay } from './limits';

/** A document that fits the schema, and the SHA-256 of its text in hex digits. */
export interface ParsedDocument {
  document: DocumentNode;
  hash: string;
}

/** A document, or an operation of it, that GraphQL refuses before anything runs. Each error has a code. */
export class InvalidDocument extends Error {
  readonly errors: readonly GraphQLError[];

  constructor(code: keyof typeof graphqlErrorCodes, errors: readonly GraphQLError[]) {
    super(errors[0].message);
    this.errors = errors.map(
      ({ message, nodes, source, positions, extensions }) =>
        new GraphQLError(short(message), { nodes, source, positions, extensions: { ...extensions, code } }),
    );
  }
}

const longestMessage = 1_000;

/**
 * graphql-js quotes values of the request in full, and twice in some messages: a text of 2 MB would come back as 4 MB.
 */
export const short = (message: string): string =>
  message.length > longestMessage ? `${message.slice(0, longestMessage)}...` : message;

/** Maximum number of validation errors. Finding more costs time, and nobody reads them. */
const mostErrors = 10;

/**
 * Parses and validates a text. With `hideSuggestions`, errors do not reveal names of the schema.
 * @throws InvalidDocument
 * @throws LimitError QUERY_TOO_COMPLEX
 * @throws RequestError FORBIDDEN for introspection, if it is off
 */
export function readDocument(
  schema: GraphQLSchema,
  text: string,
  limits: DocumentLimits,
  hideSuggestions = false,
  pay?: Pay,
): DocumentNode {
  const document = parse(text, limits, pay);
  const errors = validate(schema, document, undefined, { maxErrors: mostErrors, hideSuggestions });
  if (errors.length) throw new InvalidDocument('GRAPHQL_VALIDATION_FAILED', errors);
  return document;
}

function parse(text: string, limits: DocumentLimits, pay?: Pay): DocumentNode {
  try {
    return limits.parse(text, pay);
  } catch (error) {
    if (error instanceof GraphQLError) throw new InvalidDocument('GRAPHQL_PARSE_FAILED', [error]);
    throw error;
  }
}

/** Size of the cache in characters of texts. A parsed document takes about twenty times as many bytes. */
const mostCharacters = 1_500_000;

/** Documents of requests. Each is parsed and validated once, and kept for later requests with the same text. */
export class ParsedDocuments {
  /** By text, so that a request with a known text needs no hash. */
  private readonly recent = new LRUCache<string, ParsedDocument | InvalidDocument>({
    maxSize: mostCharacters,
    // The longest document must fit, or each request with it would parse it again.
    sizeCalculation: (_, { length }) => Math.min(length + 1, mostCharacters / 4),
    dispose: (known) => this.forget(known),
  });
  /** Registered documents, which are never evicted. By text as well. */
  private readonly registered = new Map<string, ParsedDocument>();
  private readonly byHash = new Map<string, ParsedDocument>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: DocumentLimits,
    private readonly hideSuggestions = false,
  ) {}

  /** Whether a text has been read before. */
  knows(text: string): boolean {
    return this.registered.has(text) || this.recent.has(text);
  }

  /** `pay` is told of a text that was not read before. @throws as `readDocument` and `pay` do */
  read(text: string, pay?: Pay): ParsedDocument {
    let known = this.registered.get(text) ?? this.recent.get(text);
    if (!known) {
      known = this.parsed(text, pay);
      this.recent.set(text, known);
      if (!(known instanceof InvalidDocument)) this.byHash.set(known.hash, known);
    }
    if (known instanceof InvalidDocument) throw known;
    return known;
  }

  private parsed(text: string, pay?: Pay): ParsedDocument | InvalidDocument {
    try {
      return { document: readDocument(this.schema, text, this.limits, this.hideSuggestions, pay), hash: hashOf(text) };
    } catch (error) {
      if (error instanceof InvalidDocument) return error;
      throw error;
    }
  }

  /** A document that was read before, by its hash. */
  find(hash: string): DocumentNode | undefined {
    return this.byHash.get(hash)?.document;
  }

  /** Keeps a registered document until the process ends. */
  keep(text: string, parsed: ParsedDocument): void {
    this.registered.set(text, parsed);
    this.byHash.set(parsed.hash, parsed);
  }

  private forget(known: ParsedDocument | InvalidDocument): void {
    // A registered document may have replaced the same document sent as text.
    if (!(known instanceof InvalidDocument) && this.byHash.get(known.hash) === known) this.byHash.delete(known.hash);
  }
}
