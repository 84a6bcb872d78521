import {
  astFromValue,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  print,
} from 'graphql';

/** A type, a field, an argument, an input field, an enum value: everything of a schema that has a name. */
export interface Part {
  kind: 'type' | 'field' | 'argument' | 'input field' | 'value';
  /** Where it is: `Query.node(id)`. */
  place: string;
  /** What it is, apart from its place and its description. */
  text: string;
  name: string;
  /** The names that it stands below: of its type, and of its field. */
  above: string[];
  type?: GraphQLType;
  description?: string | null;
  deprecationReason?: string | null;
}

export const typesOf = (schema: GraphQLSchema): GraphQLNamedType[] =>
  Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));

const typed = (value: GraphQLArgument | GraphQLInputField): string => {
  const given = value.defaultValue === undefined ? null : astFromValue(value.defaultValue, value.type);
  return `${value.type}${given ? ` = ${print(given)}` : ''}`;
};

const kindOf = (type: GraphQLNamedType): string =>
  isEnumType(type)
    ? 'enum'
    : isInputObjectType(type)
      ? 'input'
      : isInterfaceType(type)
        ? 'interface'
        : isObjectType(type)
          ? 'object'
          : isUnionType(type)
            ? 'union'
            : 'scalar';

/** Everything that a schema is made of, one entry for each thing that has a name. */
export const partsOf = (schema: GraphQLSchema): Part[] => typesOf(schema).flatMap(partsOfType);

function partsOfType(type: GraphQLNamedType): Part[] {
  const { name, description } = type;
  const above = [name];
  const composite = isObjectType(type) || isInterfaceType(type);
  const implemented = composite ? type.getInterfaces().map((each) => each.name) : [];
  const own: Part = {
    ...{ kind: 'type', name, above: [], place: name, description },
    text: `${kindOf(type)} ${implemented.sort()}`,
  };
  if (isEnumType(type)) {
    return [
      own,
      ...type.getValues().map((v): Part => ({ ...v, kind: 'value', above, place: `${name}.${v.name}`, text: 'value' })),
    ];
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return [
      own,
      ...fields.map((f): Part => ({ ...f, kind: 'input field', above, place: `${name}.${f.name}`, text: typed(f) })),
    ];
  }
  if (!composite) return [own];
  const fields = Object.values(type.getFields()).flatMap((field): Part[] => {
    const place = `${name}.${field.name}`;
    const args = field.args.map(
      (arg): Part => ({
        ...arg,
        kind: 'argument',
        above: [name, field.name],
        place: `${place}(${arg.name})`,
        text: typed(arg),
      }),
    );
    return [{ ...field, kind: 'field', above, place, text: String(field.type) }, ...args];
  });
  return [own, ...fields];
}
