import { type GraphQLSchema, Kind, type TypeNode } from 'graphql';
import { checkDocument } from './document-check';
import type { DocumentLimits } from './limits';

/**
 * The reason why the result of a document cannot be sent along with events; undefined if it can. It must be a query that runs
 * with the variable $id alone, whose value is the id of the event's object.
 */
export function judgeWebhookDocument(schema: GraphQLSchema, text: string, limits: DocumentLimits): string | undefined {
  const checked = checkDocument(schema, text, limits);
  if ('errors' in checked) return `documentId must be the id of a valid document. ${checked.errors[0]}.`;
  if (checked.operationType !== 'query') return 'documentId must be the id of a query, not of a mutation.';
  const operation = checked.document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)!;
  const variables = operation.variableDefinitions ?? [];
  const id = variables.find(({ variable }) => variable.name.value === 'id');
  if (!id || !['ID', 'String'].includes(named(id.type))) {
    return 'documentId must be the id of a query with the variable $id, of the type ID!.';
  }
  const other = variables.find(
    (each) => each !== id && each.type.kind === Kind.NON_NULL_TYPE && each.defaultValue === undefined,
  );
  return (
    other && `documentId must be the id of a query that needs $id alone. It also needs $${other.variable.name.value}.`
  );
}

/** The name of a type that is no list; empty for a list. */
function named(type: TypeNode): string {
  if (type.kind === Kind.NON_NULL_TYPE) return named(type.type);
  return type.kind === Kind.NAMED_TYPE ? type.name.value : '';
}
