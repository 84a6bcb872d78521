import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { RequestError } from '../../domain/errors';
import { costOf } from './cost';
import { deprecatedIn } from './deprecation';
import type { DocumentLimits } from './limits';
import { InvalidDocument, readDocument } from './parsed-document';
import { neverTold } from './past';

/** A document that was checked against the schema. */
export interface CheckedDocument {
  document: DocumentNode;
  operationName: string | null;
  operationType: `${OperationTypeNode}`;
  /** The highest cost: the longest page where the length is a variable, and ten entries of an input. */
  cost: number;
  /** Deprecated parts of the schema that the document uses: `Type.field`, with the reason. */
  deprecated: string[];
}

/** The reasons why a document would not run. */
export interface RefusedDocument {
  errors: string[];
}

/**
 * Checks a document against the schema, as each request is checked. A registered document has one operation, so that
 * its id alone names the operation.
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
  if (operations.length !== 1) {
    const names = operations.map(({ name }) => name?.value ?? '(unnamed)').join(', ');
    return {
      errors: [`A registered document must hold exactly one operation; this document has ${names || 'none'}.`],
    };
  }
  const untold = operation.operation === OperationTypeNode.QUERY && neverTold(schema, document, operation);
  if (untold) return { errors: [located(untold)] };
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

/** The largest value of an integer column. Ten nested pages come to a hundred trillion. */
const greatestCost = 2 ** 31 - 1;

/** Every Int variable, with the length of the longest page as its value. */
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
