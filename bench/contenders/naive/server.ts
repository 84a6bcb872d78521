import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSchema } from 'type-graphql';
import { DataSource, DefaultNamingStrategy } from 'typeorm';
import * as entities from './entities.js';
import { type Context, makeLoaders } from './loaders.js';
import { FulfillmentResolver, InvoiceItemResolver, OrderLineItemResolver, OrderResolver } from './resolvers.js';

class SnakeNaming extends DefaultNamingStrategy {
  override columnName(property: string): string {
    return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}

const { Order, OrderLineItem, Fulfillment, Invoice, InvoiceItem, HistoryEntry } = entities;
const database = await new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  entities: [Order, OrderLineItem, Fulfillment, Invoice, InvoiceItem, HistoryEntry],
  namingStrategy: new SnakeNaming(),
  applicationName: 'bench-naive',
  poolSize: 10,
  installExtensions: false,
  extra: { options: '-c role=bench_peer -c timezone=UTC' },
}).initialize();

const schema = await buildSchema({
  resolvers: [OrderResolver, OrderLineItemResolver, FulfillmentResolver, InvoiceItemResolver],
  validate: false,
});
const server = new ApolloServer<Context>({ schema });
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
  context: async () => ({ database, loaders: makeLoaders(database) }),
});
