import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';

/* The types of a page of a list, and its arguments. What they resolve to is in connections.ts. */

@ObjectType({
  description: 'Where a page stands in its list. Source: Relay, "GraphQL Cursor Connections Specification".',
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether rows follow this page: they are asked for with endCursor as after.' })
  hasNextPage: boolean;
  @Field(() => Boolean, {
    description: 'Whether rows precede this page: they are asked for with startCursor as before.',
  })
  hasPreviousPage: boolean;
  @Field(() => String, { nullable: true, description: 'The cursor of the first row; null on an empty page.' })
  startCursor: string | null;
  @Field(() => String, { nullable: true, description: 'The cursor of the last row; null on an empty page.' })
  endCursor: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      'How many rows from the start, or behind `after`: 0 to 100, else PAGE_SIZE. 20 where neither first nor last is given.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Rows behind this cursor only, such as the endCursor of the page before; goes with first. One of another list, filter or order is refused with BAD_CURSOR.',
  })
  after?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'How many rows from the end, or ahead of `before`: 0 to 100, else PAGE_SIZE; not together with first.',
  })
  last?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Rows ahead of this cursor only, such as the startCursor of the page behind; goes with last. One of another list, filter or order is refused with BAD_CURSOR.',
  })
  before?: string | null;
}

/** The connection and edge types of a noun: all of one shape. */
export function connectionType(node: ClassType<object>, name: string): ClassType<object> {
  @ObjectType(`${name}Edge`, {
    description: `A place in a list of ${name} objects, and what stands there.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, {
      description:
        'Names this place in this list, with this filter and order; for after and before. Not to be taken apart.',
    })
    cursor: string;
    @Field(() => node, { description: `The ${name} that stands at this place.` }) node: never;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name} objects.`, simpleResolvers: true })
  class ConnectionClass {
    @Field(() => [Edge], { description: 'The rows of this page, each with its cursor.' }) edges: never;
    @Field(() => [node], { description: 'The rows of this page, without cursors.' }) nodes: never;
    @Field(() => PageInfo, { description: 'Where this page stands in the list, and how to go on from it.' })
    pageInfo: never;
    @Field(() => Int, {
      description:
        'How many rows the whole list has with this filter. Counted only when selected, by a statement of its own.',
    })
    totalCount: never;
  }
  return ConnectionClass;
}
