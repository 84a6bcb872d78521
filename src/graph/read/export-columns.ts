import {
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields';
import { RequestError } from '../../domain/errors';
import { schema } from '../build/schema';
import type { Export } from './export';

/** The names that lead from a line to the value of a column. */
export type Column = readonly string[];

/**
 * The columns of an export: the paths of its selection, in the order of the document. A field of several types has the
 * columns of each type, one type after the other.
 * @throws RequestError BAD_REQUEST for a list: a table has no place for it
 */
export function columnsOf({ line, fragments, operation }: Export): Column[] {
  const columns = new Map<string, Column>();
  const walk = (type: GraphQLNamedType, nodes: readonly FieldNode[], path: Column): void => {
    const types = isAbstractType(type) ? schema().getPossibleTypes(type) : [type as GraphQLObjectType];
    for (const each of types) {
      for (const [name, below] of collectSubfields(schema(), fragments, operation.variables, each, nodes)) {
        const here = [...path, name];
        const field = each.getFields()[below[0].name.value];
        if (isListType(getNullableType(field?.type))) {
          throw new RequestError(
            'BAD_REQUEST',
            `${here.join('.')} is a list, and a CSV file has no column for it. Leave it out, or use Accept: application/jsonl.`,
          );
        }
        const value = field && getNamedType(field.type);
        // Without a definition it is __typename.
        if (!value || isLeafType(value)) columns.set(here.join('.'), here);
        else walk(value, below, here);
      }
    }
  };
  walk(line.type, line.nodes, []);
  return [...columns.values()];
}
