import {
  type DocumentNode,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** Something of the schema that a document uses and that is to go. */
export interface DeprecatedUse {
  /** Such as `Type.field`, `Type.field(argument:)` or `Enum.VALUE`. */
  coordinate: string;
  /** As the schema says it, with both days. */
  reason: string;
}

/** How a reason is written; the lint of the schema asks for it. */
export const deprecationReason =
  /^Deprecated since (\d{4}-\d\d-\d\d): use \S.*\. Removal not before (\d{4}-\d\d-\d\d)\.$/;

const known = new WeakMap<DocumentNode, readonly DeprecatedUse[]>();

/** What a valid document uses that is deprecated, each once: fields, arguments, input fields and values. */
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
 * The headers of a reply to what uses something deprecated: since when, and from when on it may be gone, each for the first of
 * them. Source: RFC 9745, "The Deprecation HTTP Response Header Field"; RFC 8594, "The Sunset HTTP Header Field".
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
