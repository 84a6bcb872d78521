import {
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** A deprecated part of the schema that a document uses. */
export interface DeprecatedUse {
  /** Such as `Type.field`, `Type.field(argument:)` or `Enum.VALUE`. */
  coordinate: string;
  /** The reason in the schema, with both days. */
  reason: string;
}

/** The form of a reason, which the lint of the schema requires. */
export const deprecationReason =
  /^Deprecated since (\d{4}-\d\d-\d\d): use \S.*\. Removal not before (\d{4}-\d\d-\d\d)\.$/;

const known = new WeakMap<DocumentNode, readonly DeprecatedUse[]>();

/** The deprecated fields, arguments, input fields and values that a valid document uses, each once. */
export function deprecatedIn(schema: GraphQLSchema, document: DocumentNode): readonly DeprecatedUse[] {
  let uses = known.get(document);
  if (!uses) {
    uses = find(document, schema);
    known.set(document, uses);
  }
  return uses;
}

function find(document: DocumentNode, of: GraphQLSchema): DeprecatedUse[] {
  const found = new Map<string, DeprecatedUse>();
  const note = (coordinate: string, reason: string | null | undefined) => {
    if (reason) found.set(coordinate, { coordinate, reason });
  };
  const info = new TypeInfo(of);
  const field = () => `${info.getParentType()}.${info.getFieldDef()?.name}`;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: () => note(field(), info.getFieldDef()?.deprecationReason),
      Argument: (node) => note(`${field()}(${node.name.value}:)`, info.getArgument()?.deprecationReason),
      ObjectField(node) {
        const parent = info.getParentInputType();
        const type = parent && getNamedType(parent);
        const input = type && 'getFields' in type ? type.getFields()[node.name.value] : undefined;
        note(`${type}.${node.name.value}`, input?.deprecationReason);
      },
      EnumValue(node) {
        const type = info.getInputType();
        const named = type && getNamedType(type);
        if (isEnumType(named)) note(`${named}.${node.value}`, named.getValue(node.value)?.deprecationReason);
      },
    }),
  );
  return [...found.values()];
}

/**
 * Headers of a reply to a document that uses deprecated parts: the first day of deprecation, and the first day of
 * possible removal. Source: RFC 9745, "The Deprecation HTTP Response Header Field"; RFC 8594, "The Sunset HTTP Header
 * Field".
 */
export function deprecationHeaders(uses: readonly DeprecatedUse[]): Record<string, string> {
  const days = uses.flatMap(({ reason }) => {
    const [, since, until] = deprecationReason.exec(reason) ?? [];
    return since ? [{ since, until }] : [];
  });
  if (days.length === 0) return {};
  const first = (of: 'since' | 'until') => Date.parse(days.map((each) => each[of]).sort()[0]);
  return { deprecation: `@${first('since') / 1000}`, sunset: new Date(first('until')).toUTCString() };
}
