import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { deliveriesOf } from '../operations.js';
import { createFulfillments } from './create.js';
import { words } from './gateway.js';
import { nodeFlags, startProcess, urlFor } from './process.js';

/*
 * PostGraphile over the same tables. Its own mutations insert rows and know no rules, so M1 goes the way that its documentation
 * has for business logic: a function of the database, which does all that the gateway does.
 */
const require = createRequire(import.meta.url);
/** The column id is called rowId: id names the node. Aliases bring everything to the shape of the others. */
const own = (fields) => fields.replace(/\bid\b/, 'id: rowId');

export const postgraphile = {
  label: `PostGraphile ${JSON.parse(readFileSync(resolve(import.meta.dirname, '../node_modules/postgraphile/package.json'), 'utf8')).version}`,
  applicationName: 'bench-postgraphile',

  async start({ url, entityId, sql }) {
    this.entityId = entityId;
    await sql.query(prepare(entityId));
    // The binary itself: the package's own script would put a process in between.
    const node = require.resolve('node/bin/node');
    const env = { DATABASE_URL: urlFor(url, 'bench-postgraphile') };
    const running = await startProcess(
      'postgraphile',
      node,
      [...nodeFlags, resolve(import.meta.dirname, 'postgraphile-server.js')],
      env,
    );
    return { ...running, headers: async () => ({}) };
  },

  path: () => '/graphql',
  operations: {
    Q1: {
      query: `query Q1($entity: UUID!, $id: UUID!) { orderLineItem: orderLineItemByEntityIdAndRowId(entityId: $entity, rowId: $id) { ${own(words.lineAlone)} } }`,
      variables: ({ id }) => ({ entity: postgraphile.entityId, id }),
    },
    Q2: {
      // The entity too, since indexes begin with it.
      query: `query Q2($entity: UUID!, $day: Date!, $first: Int!, $after: Cursor) {
        fulfillments: allFulfillments(first: $first, after: $after, condition: { entityId: $entity, state: SentToBilling, billTargetDate: $day }, orderBy: [BILL_TARGET_DATE_ASC, PRIMARY_KEY_ASC]) {
          nodes { ${own(words.fulfillment)} orderLineItem: orderLineItemByEntityIdAndOrderLineItemId { ${own(words.line)} order: orderByEntityIdAndOrderId { ${own(words.order)} } } }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      variables: (given) => ({ ...given, entity: postgraphile.entityId }),
    },
    Q3: {
      query: `query Q3($entity: UUID!, $id: UUID!) {
        order: orderByEntityIdAndRowId(entityId: $entity, rowId: $id) {
          ${own(words.order)}
          orderLineItems: orderLineItemsByEntityIdAndOrderId(first: 100, orderBy: [UPDATED_DATE_DESC, ROW_ID_DESC]) { nodes {
            ${own(words.line)}
            fulfillments: fulfillmentsByEntityIdAndOrderLineItemId(first: 100, orderBy: [UPDATED_DATE_DESC, ROW_ID_DESC]) { nodes {
              ${own(words.fulfillmentShort)}
              invoiceItems: invoiceItemsByEntityIdAndFulfillmentIdList(orderBy: [ROW_ID_ASC]) { ${own(words.invoiceItem)} invoice: invoiceByEntityIdAndInvoiceId { ${own(words.invoice)} } }
            } }
          } }
        }
      }`,
      variables: ({ id }) => ({ entity: postgraphile.entityId, id }),
    },
    Q4: {
      query: `query Q4($entity: UUID!, $id: UUID!) {
        orderLineItems: allOrderLineItems(first: 100, condition: { entityId: $entity, accountId: $id }, orderBy: [UPDATED_DATE_DESC, ROW_ID_DESC]) { nodes {
          ${own(words.line)}
          fulfillments: fulfillmentsByEntityIdAndOrderLineItemId(first: 10, orderBy: [UPDATED_DATE_DESC, ROW_ID_DESC]) { totalCount nodes { ${own(words.fulfillmentShort)} } }
        } }
      }`,
      variables: ({ id }) => ({ entity: postgraphile.entityId, id }),
    },
    M1: {
      query: `mutation M1($input: BenchCreateFulfillmentsInput!) {
        createFulfillments: benchCreateFulfillments(input: $input) { fulfillments: result { ${own(words.created)} } }
      }`,
      variables: (given) => ({ input: { entries: deliveriesOf(given) } }),
    },
  },
};

const prepare = (entityId) => `
  drop function if exists bench.create_fulfillments;
  drop type if exists bench.new_fulfillment;
  create type bench.new_fulfillment as (order_line_item_id uuid, fulfillment_date date, quantity numeric, state fulfillment_state);
  create function bench.create_fulfillments(entries bench.new_fulfillment[]) returns setof fulfillment volatile language sql as $$
    ${createFulfillments(`'${entityId}'`, 'select * from unnest(entries) with ordinality as e(order_line_item_id, fulfillment_date, quantity, state, position)')}
    select * from made order by id
  $$;`;
