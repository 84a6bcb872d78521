import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { type DataSource, In } from 'typeorm';
import { entityId, Fulfillment, HistoryEntry, OrderLineItem, State } from './entities.js';

@InputType()
export class CreateFulfillmentInput {
  @Field(() => ID) orderLineItemId: string;
  @Field() fulfillmentDate: string;
  @Field() quantity: string;
  @Field(() => State) state: State;
}

@ObjectType()
export class Created {
  @Field(() => [Fulfillment]) fulfillments: Fulfillment[];
}

/** What PostgreSQL gives for a whole request at once: ids, numbers and the number of the transaction. */
const given = `select business_number('F-', 'fulfillment', $1) as number, uuidv7() as id, uuidv7() as history,
  pg_current_xact_id()::text as transaction from generate_series(1, $2)`;

/** Locks and judges the line items, and saves everything that changes, in one transaction. */
export function createFulfillments(database: DataSource, input: CreateFulfillmentInput[]): Promise<Fulfillment[]> {
  return database.transaction(async (manager) => {
    const lines = await manager.find(OrderLineItem, {
      where: { entityId, id: In(input.map((each) => each.orderLineItemId)) },
      order: { id: 'ASC' },
      lock: { mode: 'for_no_key_update' },
    });
    const byId = new Map(lines.map((line) => [line.id, line]));
    const now = new Date();
    const made: { number: string; id: string; history: string; transaction: string }[] = await manager.query(given, [
      entityId,
      input.length + lines.length,
    ]);
    const audit = { version: 1, createdDate: now, createdById: entityId, updatedDate: now, updatedById: entityId };
    const before = new Map(lines.map((line) => [line.id, { ...line }]));
    const fulfillments = input.map((each, at) => {
      const line = byId.get(each.orderLineItemId);
      if (!line || line.itemState !== State.Booked || line.billingRule !== 'TriggerAsFulfillmentOccurs') {
        throw new Error('The line item takes no fulfillments.');
      }
      if (each.state !== State.Executing && each.state !== State.Booked) throw new Error('No such start state.');
      const booked = each.state === State.Booked ? Number(each.quantity) : 0;
      if (Number(line.fulfilledQuantity) + booked > Number(line.quantity)) throw new Error('More than is pending.');
      line.fulfilledQuantity = String(Number(line.fulfilledQuantity) + booked);
      line.fulfillmentCount++;
      line.openFulfillmentCount++;
      if (line.fulfillmentCount > 100) throw new Error('More than 100 fulfillments.');
      line.version = before.get(line.id)!.version + 1;
      line.updatedDate = now;
      line.updatedById = entityId;
      return manager.create(Fulfillment, {
        ...audit,
        id: made[at].id,
        entityId,
        orgId: line.orgId,
        orderLineItemId: line.id,
        orderId: line.orderId,
        accountId: line.accountId,
        fulfillmentNumber: made[at].number,
        fulfillmentType: 'Delivery',
        state: each.state,
        fulfillmentDate: each.fulfillmentDate,
        quantity: each.quantity,
        amount: (Number(each.quantity) * Number(line.amountPerUnit)).toFixed(2),
        currency: line.currency,
        excludeItemBillingFromRevenueAccounting: false,
        excludeItemBookingFromRevenueAccounting: false,
      });
    });
    const entry = (at: number) => ({
      id: made[at].history,
      entityId,
      at: now,
      actor: entityId,
      transactionId: made[at].transaction,
    });
    const history = [
      ...fulfillments.map(({ id, orgId, state }, at) =>
        manager.create(HistoryEntry, {
          ...entry(at),
          orgId,
          subjectType: 'Fulfillment',
          subjectId: id,
          action: 'Create',
          fromState: null,
          toState: state,
          changes: [],
          version: 1,
        }),
      ),
      ...lines.map((line, at) =>
        manager.create(HistoryEntry, {
          ...entry(input.length + at),
          orgId: line.orgId,
          subjectType: 'OrderLineItem',
          subjectId: line.id,
          action: 'Update',
          fromState: line.itemState,
          toState: line.itemState,
          version: line.version,
          changes: (['fulfilledQuantity', 'fulfillmentCount', 'openFulfillmentCount'] as const).map((field) => ({
            field,
            before: String(before.get(line.id)![field]),
            after: String(line[field]),
          })),
        }),
      ),
    ];
    await manager.save(fulfillments);
    await manager.save(lines);
    await manager.save(history);
    return fulfillments;
  });
}
