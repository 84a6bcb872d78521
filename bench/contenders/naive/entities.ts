import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Keys and indexes begin with the entity, so every condition names it. */
export const entityId = process.env.ENTITY_ID!;

/** Rows and types of the graph at once, as type-graphql and TypeORM have it in their own examples. */
export enum State {
  Executing = 'Executing',
  Booked = 'Booked',
  SentToBilling = 'SentToBilling',
  Complete = 'Complete',
  Canceled = 'Canceled',
}
registerEnumType(State, { name: 'State' });

@ObjectType()
export abstract class Audited {
  @PrimaryColumn('uuid') entityId: string;
  @Field(() => ID) @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('integer') version: number;
  @Field() @Column('timestamptz') createdDate: Date;
  @Column('uuid') createdById: string;
  @Field() @Column('timestamptz') updatedDate: Date;
  @Column('uuid') updatedById: string;
}

@ObjectType()
@Entity('orders')
export class Order extends Audited {
  @Column('uuid') accountId: string;
  @Field() @Column('text') orderNumber: string;
  @Field() @Column('date') orderDate: string;
  @Field() @Column('text') state: string;
}

@ObjectType()
@Entity('order_line_item')
export class OrderLineItem extends Audited {
  @Column('uuid') orderId: string;
  @Column('uuid') accountId: string;
  @Field() @Column('text') itemNumber: string;
  @Field() @Column('text') itemName: string;
  @Field(() => String, { nullable: true }) @Column('text', { nullable: true }) itemType: string | null;
  @Field(() => State) @Column('text') itemState: State;
  @Field() @Column('text') billingRule: string;
  @Field() @Column('numeric') quantity: string;
  @Column('numeric') fulfilledQuantity: string;
  @Column('integer') fulfillmentCount: number;
  @Column('integer') openFulfillmentCount: number;
  @Field() @Column('text') currency: string;
  @Field() @Column('numeric') listPricePerUnit: string;
  @Field() @Column('numeric') amountPerUnit: string;
  @Field(() => String, { nullable: true }) @Column('date', { nullable: true }) transactionStartDate: string | null;
}

@ObjectType()
@Entity('fulfillment')
export class Fulfillment extends Audited {
  @Column('uuid') orderLineItemId: string;
  @Column('uuid') orderId: string;
  @Column('uuid') accountId: string;
  @Field() @Column('text') fulfillmentNumber: string;
  @Field() @Column('text') fulfillmentType: string;
  @Field(() => State) @Column('text') state: State;
  @Field() @Column('date') fulfillmentDate: string;
  @Field() @Column('numeric') quantity: string;
  @Field() @Column('numeric') amount: string;
  @Field() @Column('text') currency: string;
  @Field(() => String, { nullable: true }) @Column('date', { nullable: true }) billTargetDate: string | null;
  @Field(() => Date, { nullable: true }) @Column('timestamptz', { nullable: true }) sentToBillingDate: Date | null;
  @Field(() => String, { nullable: true }) @Column('text', { nullable: true }) carrier: string | null;
  @Field(() => String, { nullable: true }) @Column('text', { nullable: true }) trackingNumber: string | null;
  @Field(() => String, { nullable: true }) @Column('text', { nullable: true }) externalId: string | null;
  @Column('boolean') excludeItemBillingFromRevenueAccounting: boolean;
  @Column('boolean') excludeItemBookingFromRevenueAccounting: boolean;
}

@ObjectType()
@Entity('invoice')
export class Invoice extends Audited {
  @Field() @Column('text') invoiceNumber: string;
  @Field() @Column('text') status: string;
  @Field() @Column('date') invoiceDate: string;
  @Field() @Column('numeric') amount: string;
  @Field() @Column('numeric') balance: string;
}

@ObjectType()
@Entity('invoice_item')
export class InvoiceItem {
  @PrimaryColumn('uuid') entityId: string;
  @Field(() => ID) @PrimaryColumn('uuid') id: string;
  @Column('uuid') invoiceId: string;
  @Column('uuid') fulfillmentId: string;
  @Field() @Column('numeric') quantity: string;
  @Field() @Column('numeric') chargeAmount: string;
  @Field() @Column('numeric') taxAmount: string;
}

@Entity('history_entry')
export class HistoryEntry {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('text') subjectType: string;
  @Column('uuid') subjectId: string;
  @Column('timestamptz') at: Date;
  @Column('uuid') actor: string;
  @Column('text') action: string;
  @Column('text', { nullable: true }) fromState: string | null;
  @Column('text', { nullable: true }) toState: string | null;
  @Column('jsonb') changes: { field: string; before: string; after: string }[];
  @Column('integer') version: number;
  @Column('bigint') transactionId: string;
}

@ObjectType()
export class PageInfo {
  @Field() hasNextPage: boolean;
  @Field(() => String, { nullable: true }) endCursor: string | null;
}

@ObjectType()
export class FulfillmentPage {
  @Field(() => [Fulfillment]) nodes: Fulfillment[];
  @Field(() => PageInfo) pageInfo: PageInfo;
}

@ObjectType()
export class Fulfillments {
  @Field(() => [Fulfillment]) nodes: Fulfillment[];
  @Field(() => Int) totalCount: number;
}

@ObjectType()
export class OrderLineItems {
  @Field(() => [OrderLineItem]) nodes: OrderLineItem[];
}
