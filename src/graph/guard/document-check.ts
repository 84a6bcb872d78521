import { type DocumentNode, type GraphQLError, type GraphQLSchema, Kind, type OperationDefinitionNode } from 'graphql';
import { RequestError } from '../../domain/errors';
import { costOf } from './cost';
import { deprecatedIn } from './deprecation';
import type { DocumentLimits } from './limits';
import { InvalidDocument, readDocument } from './parsed-document';

/** What a document is, held against the schema. */
export interface CheckedDocument {
  document: DocumentNode;
  operationName: string | null;
  operationType: 'query' | 'mutation';
  /** What it may cost: pages as long as they may be where a variable says how long, and ten entries of an input. */
  cost: number;
  /** What it uses of the schema that is to go: `Type.field`, with the reason. */
  deprecated: string[];
}

/** Why a document would not run. */
export interface RefusedDocument {
  errors: string[];
}

/**
 * Holds a document against the schema, as each request is. A registered document has one operation, so that its id says all
 * that there is to say.
 */
export function checkDocument(
  schema: GraphQLSchema,
  text: string,
  limits: DocumentLimits,
): CheckedDocument | RefusedDocument {
  let document: DocumentNode;
  try {
    document = readDocument(schema, text, limits);
  } catch (error) {
    if (error instanceof InvalidDocument) return { errors: error.errors.map(located) };
    if (error instanceof RequestError) return { errors: [error.message] };
    throw error;
  }
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  if (operations.length !== 1 || operation.operation === 'subscription') {
    const names = operations.map(({ name }) => name?.value ?? '(unnamed)').join(', ');
    return {
      errors: [`A registered document must hold exactly one query or mutation; this document has ${names || 'none'}.`],
    };
  }
  return {
    document,
    operationName: operation.name?.value ?? null,
    operationType: operation.operation,
    cost: Math.min(
      costOf(schema, document, undefined, longestPages(operation, limits.pageSize), limits.pageSize),
      greatestCost,
    ),
    deprecated: deprecatedIn(schema, document).map(({ coordinate, reason }) => `${coordinate}: ${reason}`),
  };
}

/** What a column of integers holds: ten pages within each other come to a hundred trillion. */
const greatestCost = 2 ** 31 - 1;

/** Every number that a request gives as a variable, at the length of the longest page. */
const longestPages = (
  { variableDefinitions = [] }: OperationDefinitionNode,
  pageSize: number,
): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions.flatMap(({ variable, type }) => {
      const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
      return named.kind === Kind.NAMED_TYPE && named.name.value === 'Int' ? [[variable.name.value, pageSize]] : [];
    }),
  );

const located = ({ message, locations }: GraphQLError): string =>
  locations?.length ? `line ${locations[0].line}: ${message}` : message;
