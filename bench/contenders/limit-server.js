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

/*
 * JSON in the making is a list of pieces, texts and expressions, put together by `||`. With `concat` Q4 took half as much again. One
 * null would make the whole null, so every piece has a value.
 */
const text = (piece) => ({ text: piece });
const sql = (piece) => ({ sql: piece });
const plain = (column) => [text('"'), sql(column), text('"')];
const number = (expression) => [sql(expression)];
const optional = (column) => [sql(`coalesce('"' || ${column} || '"', 'null')`)];
const json = (column) => [sql(`to_json(${column})`)];
const optionalJson = (column) => [sql(`coalesce(to_json(${column})::text, 'null')`)];
const object = (fields) => [
  ...Object.entries(fields).flatMap(([name, value], at) => [text(`${at ? ',' : '{'}"${name}":`), ...value]),
  text('}'),
];
/** The elements in the order in which the rows come; a plan that changes it would not give the same answer as the others. */
const array = (element, from) => [
  text('['),
  sql(`coalesce((select string_agg(${joined(element)}, ',') from ${from}), '')`),
  text(']'),
];
function joined(pieces) {
  const merged = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (piece.text && last?.text) merged[merged.length - 1] = text(last.text + piece.text);
    else merged.push(piece);
  }
  // The first piece is a text, which makes texts of all that follow it.
  return merged.map((piece) => piece.sql ?? `'${piece.text}'::text`).join(' || ');
}

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
const invoiceItem = {
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
};
const latest = 'order by updated_date desc, id desc';

const statements = {
  Q1: {
    text: `select ${joined(
      object({
        orderLineItem: object({
          ...line('t'),
          itemType: optional('t.item_type'),
          billingRule: plain('t.billing_rule'),
          currency: plain('t.currency'),
          listPricePerUnit: plain('t.list_price_per_unit'),
          transactionStartDate: optional('t.transaction_start_date'),
          updatedDate: json('t.updated_date'),
        }),
      }),
    )} as json from order_line_item t where t.entity_id = '${entityId}' and t.id = $1`,
    values: ({ id }) => [id],
  },
  Q2: {
    text: `with page as materialized (
      select * from fulfillment where entity_id = '${entityId}' and state = 'SentToBilling' and bill_target_date = $1 and id > $2
      order by id limit $3::integer + 1
    ), kept as (select * from page order by id limit $3::integer)
    select ${joined(
      object({
        fulfillments: object({
          nodes: array(
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
            `kept f join order_line_item l on l.entity_id = '${entityId}' and l.id = f.order_line_item_id
              join orders o on o.entity_id = '${entityId}' and o.id = l.order_id`,
          ),
          pageInfo: object({
            hasNextPage: number("(select case when count(*) > $3::integer then 'true' else 'false' end from page)"),
            endCursor: optional('(select id::text from kept order by id desc limit 1)'),
          }),
        }),
      }),
    )} as json`,
    values: ({ day, first, after }) => [day, after ?? '00000000-0000-0000-0000-000000000000', first],
  },
  Q3: {
    text: `select ${joined(
      object({
        order: object({
          ...order('o'),
          orderLineItems: object({
            nodes: array(
              object({
                ...line('l'),
                fulfillments: object({
                  nodes: array(
                    object({
                      ...short('f'),
                      invoiceItems: array(
                        object(invoiceItem),
                        `invoice_item i join invoice v on v.entity_id = '${entityId}' and v.id = i.invoice_id
                          where i.entity_id = '${entityId}' and i.fulfillment_id = f.id`,
                      ),
                    }),
                    `(select * from fulfillment where order_line_item_id = l.id ${latest}) as f`,
                  ),
                }),
              }),
              `(select * from order_line_item where entity_id = '${entityId}' and order_id = o.id ${latest}) as l`,
            ),
          }),
        }),
      }),
    )} as json from orders o where o.entity_id = '${entityId}' and o.id = $1`,
    values: ({ id }) => [id],
  },
  Q4: {
    text: `select ${joined(
      object({
        orderLineItems: object({
          nodes: array(
            object({
              ...line('l'),
              fulfillments: object({
                totalCount: number('(select count(*) from fulfillment f where f.order_line_item_id = l.id)'),
                nodes: array(
                  object(short('f')),
                  `(select * from fulfillment where order_line_item_id = l.id ${latest} limit 10) as f`,
                ),
              }),
            }),
            `(select * from order_line_item where account_id = $1 ${latest} limit 100) as l`,
          ),
        }),
      }),
    )} as json`,
    values: ({ id }) => [id],
  },
  M1: {
    text: `${createFulfillments(
      `'${entityId}'`,
      `select row_number() over () as position, "orderLineItemId" as order_line_item_id, "fulfillmentDate" as fulfillment_date, quantity, state
       from json_to_recordset($1::json) as r("orderLineItemId" uuid, "fulfillmentDate" date, quantity numeric, state fulfillment_state)`,
    )}
    select ${joined(
      object({
        createFulfillments: object({
          fulfillments: array(
            object({ ...short('m'), fulfillmentType: plain('m.fulfillment_type'), currency: plain('m.currency') }),
            '(select * from made order by id) as m',
          ),
        }),
      }),
    )} as json`,
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
