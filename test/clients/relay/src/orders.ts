import { type Environment, fetchQuery, graphql } from 'relay-runtime';
import type { OrderCard_order$data } from '../generated/OrderCard_order.graphql';
import type { OrderListPageQuery } from '../generated/OrderListPageQuery.graphql';
import type { OrderListQuery } from '../generated/OrderListQuery.graphql';

/*
 * A list that is read on page by page, and `node` to fetch an object anew. What a page needs for that, Relay asks for by
 * itself.
 */

export const listQuery = graphql`
  query OrderListQuery($filter: OrderFilter) {
    viewer { clientId scopes entity { id name } }
    ...OrderList_query @arguments(filter: $filter)
  }
`;

export const listFragment = graphql`
  fragment OrderList_query on Query
  @refetchable(queryName: "OrderListPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 2 }
    cursor: { type: "String" }
    filter: { type: "OrderFilter" }
  ) {
    orders(first: $count, after: $cursor, filter: $filter, orderBy: { field: orderNumber, direction: ASC })
      @connection(key: "OrderList_orders", filters: ["filter"]) {
      edges {
        node { id ...OrderCard_order }
      }
      totalCount
    }
  }
`;

export const cardFragment = graphql`
  fragment OrderCard_order on Order @refetchable(queryName: "OrderCardQuery") {
    orderNumber
    orderDate
    category
    state
    account { name currency }
    orderLineItems(first: 20) {
      nodes { id itemName itemState quantity amount customFields }
    }
  }
`;

/** Backwards, below a line item: fetched anew by `node`. */
export const fulfillmentsFragment = graphql`
  fragment FulfillmentList_orderLineItem on OrderLineItem
  @refetchable(queryName: "FulfillmentListPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    fulfillments(last: $count, before: $cursor) @connection(key: "FulfillmentList_fulfillments") {
      edges {
        node {
          fulfillmentNumber
          state
          billed
          allowedTransitions { action to allowed blockedBy { code message } }
        }
      }
    }
  }
`;

export async function titles(environment: Environment): Promise<string> {
  const answer = await fetchQuery<OrderListQuery>(environment, listQuery, {
    filter: { category: 'NewSales' },
  }).toPromise();
  const variables: OrderListPageQuery['variables'] = { count: 10, cursor: null };
  return `${answer?.viewer?.entity.name} ${variables.count}`;
}

/** Read as the compiler has typed it: enums as their values, scalars as text, what may be null as that. */
export function summary(order: OrderCard_order$data): string {
  const lines = order.orderLineItems.nodes.map(({ itemName, quantity, customFields }) => {
    const dock: unknown = customFields?.dock__c;
    return `${quantity.padStart(5)} ${itemName} ${String(dock)}`;
  });
  const sold: boolean = order.category === 'NewSales';
  return `${order.orderNumber.toUpperCase()} ${sold} ${lines.join()}`;
}
