import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';

/* Types and arguments of a page of a list. read/connections.ts resolves them. */

@ObjectType({
  description: 'Position of a page in its list. Source: Relay, "GraphQL Cursor Connections Specification".',
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether rows follow this page. To read them, send endCursor as after.' })
  hasNextPage: boolean;
  @Field(() => Boolean, {
    description: 'Whether rows precede this page. To read them, send startCursor as before.',
  })
  hasPreviousPage: boolean;
  @Field(() => String, { nullable: true, description: 'The cursor of the first row; null on an empty page.' })
  startCursor: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last row. Null on an empty page, except of events.',
  })
  endCursor: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      'Number of rows from the start of the list, or behind the cursor in after: 0 to 100, otherwise PAGE_SIZE. Default: 20, if last is absent too.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Only rows behind this cursor, such as the endCursor of the previous page. Goes with first. A cursor of another list, filter or order is refused with BAD_CURSOR.',
  })
  after?: string | null;
  @Field(() => Int, {
    nullable: true,
    description:
      'Number of rows from the end of the list, or ahead of the cursor in before: 0 to 100, otherwise PAGE_SIZE. Not together with first.',
  })
  last?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Only rows ahead of this cursor, such as the startCursor of the next page. Goes with last. A cursor of another list, filter or order is refused with BAD_CURSOR.',
  })
  before?: string | null;
}

/** The connection and edge types of a noun. They have the same shape for every noun. */
export function connectionType(node: ClassType<object>, name: string): ClassType<object> {
  @ObjectType(`${name}Edge`, {
    description: `A row in a list of ${name} objects, with its cursor.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, {
      description:
        'Position of the row in this list with this filter and order, for after and before. The text is opaque.',
    })
    cursor: string;
    @Field(() => node, { description: `The ${name} at this position of the list.` }) node: never;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name} objects.`, simpleResolvers: true })
  class ConnectionClass {
    @Field(() => [Edge], { description: 'The rows of this page, each with its cursor.' }) edges: never;
    @Field(() => [node], { description: 'The rows of this page, without cursors.' }) nodes: never;
    @Field(() => PageInfo, { description: 'Position of this page in the list, and how to go on from it.' })
    pageInfo: never;
    @Field(() => Int, {
      description:
        'Number of rows in the whole list with this filter. Counted only if selected, by a statement of its own.',
    })
    totalCount: never;
  }
  return ConnectionClass;
}
