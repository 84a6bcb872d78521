/*
 * What is asked. Each operation draws its cases from the data by a fixed seed, many of them, so that nobody is measured on one
 * row that everything has in its cache. How each contender words an operation stands in contenders/; all give the same shape.
 */
const seed = 'fulfillment';
const shuffled = (id) => `order by md5('${seed}' || ${id}::text)`;
const rows = async (sql, text) => (await sql.query(text)).rows;

const pageSize = 50;

export const operations = {
  Q1: {
    title: 'one line item by id, 12 scalars',
    cases: (sql) =>
      rows(
        sql,
        `select l.id::text from order_line_item l join account a on a.id = l.account_id where a.name <> 'Written' ${shuffled('l.id')} limit 1000`,
      ),
  },
  Q2: {
    title:
      'a page of 50 fulfillments by state and billTargetDate behind a cursor, 15 scalars each, with line item and order',
    cases: (sql) =>
      rows(
        sql,
        `select day, skip from (
           select bill_target_date::text as day, 1 + abs(hashtext('${seed}' || bill_target_date)) % greatest(1, least(99, count(*) - ${pageSize})) as skip
           from fulfillment where state = 'SentToBilling' group by bill_target_date having count(*) > ${pageSize}
         ) as days ${shuffled('day')} limit 200`,
      ),
    /** The cursor is the contender's own: of the last row of the page before. */
    async prepare({ day, skip }, ask) {
      const before = await ask({ day, first: Number(skip), after: null });
      return { day, first: pageSize, after: before.fulfillments.pageInfo.endCursor };
    },
  },
  Q3: {
    title: 'one order with line items, fulfillments, invoice items and invoices, about 70 objects',
    cases: (sql) =>
      rows(
        sql,
        `select id::text from (
           select o.id, 1 + count(distinct l.id) + count(distinct f.id) + 2 * count(i.id) as objects
           from orders o join order_line_item l on l.order_id = o.id join fulfillment f on f.order_line_item_id = l.id
             left join invoice_item i on i.fulfillment_id = f.id
           group by o.id
         ) as sized where objects between 65 and 75 ${shuffled('id')} limit 300`,
      ),
  },
  Q4: {
    title: '100 line items of an account, each with its first 10 fulfillments and how many it has',
    cases: (sql) =>
      rows(
        sql,
        `select account_id::text as id from order_line_item where fulfillment_count = 14 group by account_id
         having count(*) >= 100 ${shuffled('account_id')} limit 100`,
      ),
  },
  M1: {
    title: 'two fulfillments created, on two line items of an order',
    writes: true,
    cases: (sql) =>
      rows(
        sql,
        `select array_agg(l.id::text order by l.id) as lines from order_line_item l join account a on a.id = l.account_id
         where a.name = 'Written' group by l.order_id ${shuffled('l.order_id')}`,
      ),
  },
};

/** The fulfillments that M1 asks for, in the words of GraphQL. */
export const deliveriesOf = ({ lines }) =>
  lines.map((orderLineItemId, at) => ({
    orderLineItemId,
    fulfillmentDate: '2026-01-15',
    quantity: String(at + 1),
    state: 'Booked',
  }));
