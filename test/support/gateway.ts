import type { OutgoingHttpHeaders } from 'node:http';
import type { InjectOptions } from 'fastify';
import type { Pool } from 'pg';
import { type Scope, scopes } from '../../src/domain/caller';
import { Breakers } from '../../src/gateway/breaker';
import { type PaymentGateway, withTimeout } from '../../src/gateway/port';
import { TestGateway } from '../../src/gateway/test-gateway';
import { createServer, type Server, type ServerOptions } from '../../src/server';
import type { CreateAccountInput } from '../../src/service/account';
import { createAccount } from '../../src/service/account';
import { createClient, grantsOf, type NewClient } from '../../src/service/client';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { type Services } from '../../src/service/run/services';
import { Work } from '../../src/service/run/work';
import { Connection } from '../../src/store/connection/connection';
import { openPool } from '../../src/store/connection/session';
import { TestGatewayLedger } from '../../src/store/test-gateway';
import { type TestDatabase, testDatabase } from './database';
import { undeclared } from './openapi';

export interface Answer {
  status: number;
  headers: OutgoingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  body: any;
}

/** A client of the gateway under test, with its own token. */
export interface TestClient {
  clientId: string;
  secret: string;
  token: string;
  /** Work of the services on behalf of this client, in its first entity. */
  work(): Promise<Work>;
  graphql(query: string, variables?: object, headers?: Record<string, string>): Promise<Answer>;
  request(options: InjectOptions): Promise<Answer>;
}

export interface TestGatewayServer {
  database: TestDatabase;
  services: Services;
  server: Server;
  /** A client with all scopes on entity Acme, org North, unless told otherwise. */
  client(more?: Partial<NewClient>): Promise<TestClient>;
  /** Failures that happened behind replies, or were told to the log. */
  failures: { error: unknown; what: string }[];
  close(): Promise<void>;
}

export const metricsToken = 'a-token-of-the-tests';
/** A request for the metrics of a gateway under test. */
export const metricsRequest = { url: '/metrics', headers: { authorization: `Bearer ${metricsToken}` } };
/** The metrics of a gateway under test. */
export const metricsOf = async ({ app }: Pick<Server, 'app'>): Promise<string> =>
  (await app.inject(metricsRequest)).body;

/** The whole gateway over a database of its own: real PostgreSQL, real HTTP stack, the test gateway inside. */
export async function testGateway(
  options: {
    gatewayTimeoutMs?: number;
    poolSize?: number;
    readStatementTimeoutMs?: number;
    /** The payment gateway, over connections of its own, in place of the test gateway. */
    payments?: (pool: Pool) => PaymentGateway;
    /** The clock of the breakers. */
    now?: () => number;
    database?: TestDatabase;
    /** Webhooks may go to this machine, and are sent. */
    localWebhooks?: boolean;
    server?: Partial<ServerOptions>;
  } = {},
): Promise<TestGatewayServer> {
  const database =
    options.database ??
    (await testDatabase({ poolSize: options.poolSize, readStatementTimeoutMs: options.readStatementTimeoutMs }));
  const pool = openPool({ url: database.url }, 4);
  const failures: { error: unknown; what: string }[] = [];
  const services: Services = {
    db: database.db,
    gateway: withTimeout(
      options.payments?.(pool) ?? new TestGateway(new TestGatewayLedger(new Connection(pool))),
      options.gatewayTimeoutMs ?? 1_000,
    ),
    breakers: new Breakers(undefined, options.now),
    onFailure: (error, what) => failures.push({ error, what }),
    localWebhooks: options.localWebhooks,
  };
  const signingKey = 'a key of thirty-two characters or more';
  const server = await createServer({ services, signingKey, grantsTtlMs: 0, metricsToken, ...options.server });

  const inject = async (request: InjectOptions): Promise<Answer> => {
    const response = await server.app.inject(request);
    const type = String(response.headers['content-type'] ?? '');
    const body = /json\b/.test(type) && response.body ? JSON.parse(response.body) : undefined;
    const { method = 'GET', url } = request;
    const wrong = undeclared(method, String(url), { status: response.statusCode, type, body });
    if (wrong) throw new Error(wrong);
    return { status: response.statusCode, headers: response.headers, text: response.body, body };
  };

  return {
    database,
    services,
    server,
    failures,
    async client(more = {}) {
      const { clientId, secret } = await createClient(database.db.aside(), {
        name: 'test',
        scopes: [...scopes],
        grants: [{ entity: 'Acme', orgs: ['North'] }],
        ...more,
      });
      const { access_token: token } = await server.identity.issue(clientId, secret);
      const request = (asked: InjectOptions) =>
        inject({
          ...asked,
          headers: { authorization: `Bearer ${token}`, ...(asked.headers as Record<string, string>) },
        });
      return {
        clientId,
        secret,
        token,
        request,
        graphql: (query, variables, headers) =>
          request({ method: 'POST', url: '/graphql', headers, payload: { query, variables } as object }),
        work: async () => workFor(services, clientId),
      };
    },
    close: async () => {
      await server.app.close();
      await pool.end();
      await database.close();
    },
  };
}

/** Work of the services on behalf of a client, in its first entity. */
export async function workFor(services: Services, clientId: string): Promise<Work> {
  const grants = (await grantsOf(services.db.reads(), clientId))!;
  const [entity] = grants.entities;
  return new Work(services, {
    clientId: grants.id,
    entityId: entity.id,
    orgIds: entity.orgs.map(({ id }) => id),
    scopes: grants.scopes as ReadonlySet<Scope>,
    requestId: 'test',
    trackId: null,
  });
}

/** An account with an order of line items that take fulfillments; each is Booked, 500 at 10.00, unless told otherwise. */
export async function orderFor(
  work: Work,
  lines: Partial<NewOrderLineItem>[] = [{}],
  account: Partial<CreateAccountInput> = {},
) {
  const made = await createAccount(work, {
    name: 'Customer',
    currency: 'USD',
    paymentMethodToken: 'tok_ok',
    orgId: work.caller.orgIds[0],
    ...account,
  });
  const created = await createOrder(work, {
    existingAccountNumber: made.account.accountNumber,
    orderDate: '2022-01-01',
    orderLineItems: lines.map((line) => ({
      itemName: 'Device',
      itemType: 'Product',
      itemState: 'Booked',
      billingRule: 'TriggerAsFulfillmentOccurs',
      quantity: '500',
      amountPerUnit: '10',
      ...line,
    })),
  });
  return created;
}
