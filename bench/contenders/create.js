/*
 * What creating fulfillments comes to in SQL: one statement that locks, judges, writes and notes the history, as the gateway
 * does in several. The hand-written limit runs it as it is, and PostGraphile as a function of the database.
 */

/**
 * @param entity the entity, as an expression
 * @param given a table of the columns position, order_line_item_id, fulfillment_date, quantity and state
 */
export const createFulfillments = (entity, given) => `
  with given as (${given}),
  line as (
    select l.* from order_line_item l where l.entity_id = ${entity} and l.id in (select order_line_item_id from given) order by l.id for no key update
  ),
  taken as (
    select order_line_item_id as id, count(*)::integer as count, coalesce(sum(quantity) filter (where state = 'Booked'), 0) as booked from given group by 1
  ),
  allowed as (
    select from taken t left join line l on l.id = t.id
    having bool_and(coalesce(l.item_state = 'Booked' and l.billing_rule = 'TriggerAsFulfillmentOccurs'
      and l.fulfilled_quantity + t.booked <= l.quantity and l.fulfillment_count + t.count <= 100, false))
  ),
  made as (
    insert into fulfillment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_line_item_id, order_id,
      account_id, fulfillment_number, fulfillment_type, state, fulfillment_date, quantity, amount, currency,
      exclude_item_billing_from_revenue_accounting, exclude_item_booking_from_revenue_accounting)
    select uuidv7(), l.entity_id, l.org_id, 1, now(), l.entity_id, now(), l.entity_id, l.id, l.order_id, l.account_id,
      business_number('F-', 'fulfillment', l.entity_id), 'Delivery', g.state, g.fulfillment_date, g.quantity,
      round(l.amount_per_unit * g.quantity, 2), l.currency, false, false
    from given g join line l on l.id = g.order_line_item_id, allowed
    where g.state in ('Executing', 'Booked') and g.quantity > 0
    order by g.position
    returning *
  ),
  counted as (
    update order_line_item t
    set fulfilled_quantity = t.fulfilled_quantity + k.booked, fulfillment_count = t.fulfillment_count + k.count,
      open_fulfillment_count = t.open_fulfillment_count + k.count, version = t.version + 1, updated_date = now(), updated_by_id = t.entity_id
    from taken k, allowed where t.entity_id = ${entity} and t.id = k.id
    returning t.*, k.count as new, k.booked
  ),
  noted as (
    insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, from_state, to_state, changes, version, transaction_id)
    select uuidv7(), entity_id, org_id, 'Fulfillment', id, now(), entity_id, 'Create', null, state::text, '[]', 1, pg_current_xact_id()::text::bigint
    from made
    union all
    select uuidv7(), entity_id, org_id, 'OrderLineItem', id, now(), entity_id, 'Update', item_state::text, item_state::text, jsonb_build_array(
      jsonb_build_object('field', 'fulfilledQuantity', 'before', (fulfilled_quantity - booked)::text, 'after', fulfilled_quantity::text),
      jsonb_build_object('field', 'fulfillmentCount', 'before', (fulfillment_count - new)::text, 'after', fulfillment_count::text),
      jsonb_build_object('field', 'openFulfillmentCount', 'before', (open_fulfillment_count - new)::text, 'after', open_fulfillment_count::text)
    ), version, pg_current_xact_id()::text::bigint
    from counted
  )`;
