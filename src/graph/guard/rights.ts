import { getNamedType, OperationTypeNode } from 'graphql';
import type { Caller, Scope } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { schema } from '../build/schema';
import { nouns } from '../model/nouns';
import { type ExecutedField, fieldsOf, type Operation, type Prepared, rootTypeOf } from './operation';

/*
 * Judges the rights of a caller over the whole operation, before anything runs. The scope of a root field is judged
 * when the field is resolved (build/schema.ts), so that the other root fields are answered.
 */

/**
 * @throws RequestError BAD_REQUEST if a field needs an entity, and the request names none of several entities.
 * @throws RequestError FORBIDDEN if a mutation leads to objects that its caller may not read.
 */
export function judgeRights(operation: Prepared, caller: Caller): void {
  const { undecided, scopes } = caller;
  const mutates = operation.node.operation === OperationTypeNode.MUTATION;
  const reads = !mutates || scopes.has('read');
  if (!undecided && reads) return;
  const root = rootTypeOf(operation.node);
  for (const field of fieldsOf(operation)) {
    if (undecided && needsEntity(field, root)) throw undecided;
    if (!reads && isEdge(field, root)) {
      const message = `${field.parent}.${field.definition.name} needs the scope "read". Without this scope, a mutation returns only the objects that it has changed.`;
      throw new RequestError('FORBIDDEN', message);
    }
  }
}

/** Whether the caller has the scopes of the mutations. Without one, the mutation itself is FORBIDDEN. */
export const mayMutate = ({ mutations }: Operation, { scopes }: Caller): boolean =>
  mutations.every(({ name }) => {
    const scope = schema().getMutationType()!.getFields()[name.value].extensions.scope as Scope | null;
    return scope === null || scopes.has(scope);
  });

/** A root field needs an entity unless it says otherwise; any other field needs an entity only if it says so. */
const needsEntity = ({ definition, parent }: ExecutedField, root: string): boolean =>
  (definition.extensions.needsEntity as boolean | undefined) ?? parent === root;

/** The types behind edges: nouns, and the interfaces over them. */
const readable = new Set([
  'Node',
  'BillingDocument',
  ...Object.values(nouns).map(({ typename }) => typename as string),
]);

/** A version conflict returns the object that was to be changed, as a payload does. */
const isPayload = (type: string): boolean => type.endsWith('Payload') || type === 'VersionConflict';

/** Whether a field leads from one object to others. Columns, computed fields and the results of a mutation do not. */
function isEdge({ parent, definition }: ExecutedField, root: string): boolean {
  if (parent === root || isPayload(parent)) return false;
  const { name } = getNamedType(definition.type);
  return name.endsWith('Connection') || readable.has(name);
}
