import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
} from 'graphql';
import type { GraphContext } from '../context';

/*
 * Each field of Query has its live twin among the subscriptions. It is no resolver: whoever serves subscriptions runs the
 * query of the same selection again and again (read/subscription.ts).
 */

/** Fields of Query without a live twin, and why. */
const notLive: Readonly<Record<string, string>> = {
  viewer: 'A change of grants ends the subscriptions of the client.',
  previewBillRun: 'It reads all that is due, which would be too much for each change.',
  events: 'A subscription sends one event at a time.',
  webhookEndpoint: 'Its deliveries come and go without events.',
  webhookEndpoints: 'As webhookEndpoint.',
};

const live = 'A live read: sends the present answer at once, and again whenever it differs.';
const eventsDescription =
  'Every change that the caller sees, deletions included, one at a time in the order of `Query.events`. From the cursor `after` on without a gap and without a repeat; otherwise from now on. Each edge has the cursor to resume from.';

type Field = GraphQLFieldConfig<unknown, GraphContext>;

/** The past does not change, so a live read takes no `asOf`. */
const twin = ({ args: { asOf: _, ...args } = {}, type, extensions, ...rest }: Field): Field => ({
  ...{ args, type, extensions },
  description: rest.description!.replace(/ Scope: \w+\.$/, ` ${live}$&`),
});

/** The schema with its subscriptions. Must come last: the twins have no resolvers that could be guarded or paced. */
export function withSubscriptions(built: GraphQLSchema): GraphQLSchema {
  const queries = built.getQueryType()!.toConfig().fields as GraphQLFieldConfigMap<unknown, GraphContext>;
  const twins = Object.entries(queries).flatMap(([name, field]) => (name in notLive ? [] : [[name, twin(field)]]));
  const { first: _, ...args } = queries.events.args!;
  const events: Field = {
    ...{ type: built.getType('HistoryEntryEdge') as GraphQLOutputType, args, extensions: queries.events.extensions },
    description: `${eventsDescription} Scope: read.`,
  };
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    description:
      'What is sent again when it changes: over a WebSocket (graphql-transport-ws), or as server-sent events. One root field each.',
    fields: { ...(Object.fromEntries(twins) as GraphQLFieldConfigMap<unknown, GraphContext>), events },
  });
  return new GraphQLSchema({ ...built.toConfig(), subscription });
}
