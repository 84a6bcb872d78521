import http from 'node:http';
import { createRequire } from 'node:module';
import { createFulfillments } from './create.js';

/*
 * One prepared statement per operation, which gives the reply's JSON as text; it goes out as it comes. Only free text is
 * escaped, by PostgreSQL: everything else is a number, an id, a day or a word of an enum.
 */
const require = createRequire(import.meta.url);
const { Pool } = require('pg');
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const entityId = process.env.ENTITY_ID;

const plain = (column) => `'"' || ${column} || '"'`;
const optional = (column) => `coalesce('"' || ${column} || '"', 'null')`;
const json = (column) => `to_json(${column})::text`;
const optionalJson = (column) => `coalesce(to_json(${column})::text, 'null')`;
const object = (fields) =>
  `'{${Object.entries(fields)
    .map(([name, sql]) => `"${name}":' || ${sql} || '`)
    .join(',')}}'`;
const array = (element, order) => `'[' || coalesce(string_agg(${element}, ',' order by ${order}), '') || ']'`;

const line = (t) => ({
  id: plain(`${t}.id`),
  itemNumber: plain(`${t}.item_number`),
  itemName: json(`${t}.item_name`),
  itemState: plain(`${t}.item_state`),
  quantity: plain(`${t}.quantity`),
  amountPerUnit: plain(`${t}.amount_per_unit`),
});
const order = (t) => ({
  id: plain(`${t}.id`),
  orderNumber: plain(`${t}.order_number`),
  orderDate: plain(`${t}.order_date`),
  state: plain(`${t}.state`),
});
const short = (t) => ({
  id: plain(`${t}.id`),
  fulfillmentNumber: plain(`${t}.fulfillment_number`),
  state: plain(`${t}.state`),
  quantity: plain(`${t}.quantity`),
  amount: plain(`${t}.amount`),
  fulfillmentDate: plain(`${t}.fulfillment_date`),
});

const statements = {
  Q1: {
    text: `select ${object({
      orderLineItem: object({
        ...line('t'),
        itemType: optional('t.item_type'),
        billingRule: plain('t.billing_rule'),
        currency: plain('t.currency'),
        listPricePerUnit: plain('t.list_price_per_unit'),
        transactionStartDate: optional('t.transaction_start_date'),
        updatedDate: json('t.updated_date'),
      }),
    })} as json from order_line_item t where t.id = $1`,
    values: ({ id }) => [id],
  },
  Q2: {
    text: `with page as materialized (
      select * from fulfillment where entity_id = '${entityId}' and state = 'SentToBilling' and bill_target_date = $1 and id > $2
      order by id limit $3::integer + 1
    ), kept as (select * from page order by id limit $3::integer)
    select ${object({
      fulfillments: object({
        nodes: `(select ${array(
          object({
            ...short('f'),
            fulfillmentType: plain('f.fulfillment_type'),
            currency: plain('f.currency'),
            billTargetDate: optional('f.bill_target_date'),
            sentToBillingDate: optionalJson('f.sent_to_billing_date'),
            carrier: optionalJson('f.carrier'),
            trackingNumber: optionalJson('f.tracking_number'),
            externalId: optionalJson('f.external_id'),
            createdDate: json('f.created_date'),
            updatedDate: json('f.updated_date'),
            orderLineItem: object({ ...line('l'), order: object(order('o')) }),
          }),
          'f.id',
        )} from kept f join order_line_item l on l.id = f.order_line_item_id join orders o on o.id = l.order_id)`,
        pageInfo: object({
          hasNextPage: '(select count(*) > $3::integer from page)',
          endCursor: `coalesce((select '"' || id || '"' from kept order by id desc limit 1), 'null')`,
        }),
      }),
    })} as json`,
    values: ({ day, first, after }) => [day, after ?? '00000000-0000-0000-0000-000000000000', first],
  },
  Q3: {
    text: `select ${object({
      order: object({
        ...order('o'),
        orderLineItems: object({
          nodes: `(select ${array(
            object({
              ...line('l'),
              fulfillments: object({
                nodes: `(select ${array(
                  object({
                    ...short('f'),
                    invoiceItems: `(select ${array(
                      object({
                        id: plain('i.id'),
                        chargeAmount: plain('i.charge_amount'),
                        taxAmount: plain('i.tax_amount'),
                        quantity: plain('i.quantity'),
                        invoice: object({
                          id: plain('v.id'),
                          invoiceNumber: plain('v.invoice_number'),
                          status: plain('v.status'),
                          invoiceDate: plain('v.invoice_date'),
                          amount: plain('v.amount'),
                          balance: plain('v.balance'),
                        }),
                      }),
                      'i.id',
                    )} from invoice_item i join invoice v on v.id = i.invoice_id where i.fulfillment_id = f.id)`,
                  }),
                  'f.updated_date desc, f.id desc',
                )} from fulfillment f where f.order_line_item_id = l.id)`,
              }),
            }),
            'l.updated_date desc, l.id desc',
          )} from order_line_item l where l.order_id = o.id)`,
        }),
      }),
    })} as json from orders o where o.id = $1`,
    values: ({ id }) => [id],
  },
  Q4: {
    text: `select ${object({
      orderLineItems: object({
        nodes: array(
          object({
            ...line('l'),
            fulfillments: object({
              totalCount: '(select count(*) from fulfillment f where f.order_line_item_id = l.id)',
              nodes: `(select ${array(object(short('f')), 'f.updated_date desc, f.id desc')} from (
                select * from fulfillment f where f.order_line_item_id = l.id order by f.updated_date desc, f.id desc limit 10
              ) as f)`,
            }),
          }),
          'l.updated_date desc, l.id desc',
        ),
      }),
    })} as json from (select * from order_line_item where account_id = $1 order by updated_date desc, id desc limit 100) as l`,
    values: ({ id }) => [id],
  },
  M1: {
    text: `${createFulfillments(
      `select row_number() over () as position, "orderLineItemId" as order_line_item_id, "fulfillmentDate" as fulfillment_date, quantity, state
       from json_to_recordset($1::json) as r("orderLineItemId" uuid, "fulfillmentDate" date, quantity numeric, state fulfillment_state)`,
    )}
    select ${object({
      createFulfillments: object({
        fulfillments: array(
          object({ ...short('m'), fulfillmentType: plain('m.fulfillment_type'), currency: plain('m.currency') }),
          'm.id',
        ),
      }),
    })} as json from made m`,
    values: ({ fulfillments }) => [JSON.stringify(fulfillments)],
  },
};

http
  .createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const name = request.url.slice(1);
    const { text, values } = statements[name];
    try {
      const result = await pool.query({ name, text, values: values(JSON.parse(Buffer.concat(parts)).variables) });
      const body = Buffer.from(`{"data":${result.rows[0].json}}`);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    } catch (error) {
      response.writeHead(500).end(error.message);
    }
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
