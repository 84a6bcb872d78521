import {
  type ArgumentNode,
  type FieldNode,
  Kind,
  type SelectionNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';

/* Parts of documents that this program writes. Names with a # are none that a client can choose. */

const name = (value: string) => ({ kind: Kind.NAME, value }) as const;
const alias = (called: string | undefined) => (called === undefined ? {} : { alias: name(called) });

/** A variable. */
export const variable = (called: string) => ({ kind: Kind.VARIABLE, name: name(called) }) as const;

/** The definition of a variable of a named type. */
export const definition = (called: string, type: string): VariableDefinitionNode => ({
  ...{ kind: Kind.VARIABLE_DEFINITION, variable: variable(called) },
  type: { kind: Kind.NAMED_TYPE, name: name(type) },
});

/** An argument of a field. */
export const argument = (called: string, value: ValueNode): ArgumentNode => ({
  ...{ kind: Kind.ARGUMENT, name: name(called), value },
});

/** A field with the selections below it; `as` is its name in the reply. */
export const field = (
  called: string,
  below: readonly SelectionNode[] = [],
  more: { as?: string; arguments?: readonly ArgumentNode[] } = {},
): FieldNode => ({
  ...{ kind: Kind.FIELD, name: name(called), arguments: more.arguments, ...alias(more.as) },
  ...(below.length && { selectionSet: { kind: Kind.SELECTION_SET, selections: below } }),
});
