import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { money } from '../domain/currency';
import { type PaymentStatus, unappliedAmount } from '../domain/payment';
import { PaymentApplicationRow, PaymentRow } from '../store/payment';
import { Account } from './account';
import { type Connection, connectionType, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { OrderDirectionEnum, PaymentOrderFieldEnum, PaymentStatusEnum } from './enums';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { Invoice } from './invoice';
import { Audited, Node } from './node';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({ implements: Node, description: 'Money collected from an account.', simpleResolvers: true })
export class Payment extends Audited {
  @Field(() => String, { description: 'Its business number, such as P-00000001.' }) paymentNumber: string;
  @Field(() => DecimalScalar, { description: 'What was authorized.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'What of it is put against invoices.' }) appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'What of it was paid back.' }) refundAmount: string;
  @Field(() => String, { description: 'ISO 4217 code.' }) currency: string;
  @Field(() => DateScalar, { description: 'The day it counts from (UTC).' }) effectiveDate: string;
  @Field(() => PaymentStatusEnum, {
    description: 'Where it stands. A fresh one is Processing until the money is taken.',
  })
  status: PaymentStatus;
}

@ObjectType({
  implements: Node,
  description: 'The part of a payment that is put against an invoice.',
  simpleResolvers: true,
})
export class PaymentApplication extends Node {
  @Field(() => DecimalScalar, { description: 'How much.' }) amount: string;
  @Field(() => DateTimeScalar, { description: 'When.' }) appliedDate: string;
}

export const PaymentConnection = connectionType(Payment, 'Payment');

@InputType({ description: 'Which payments. All conditions that are given must hold.' })
export class PaymentFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By payment number.' }) paymentNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => PaymentStatusEnum, { nullable: true, description: 'By status.' }) status?: PaymentStatus;
  @Field(() => DateFilter, { nullable: true, description: 'By the day it counts from.' }) effectiveDate?: DateFilter;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of payments; ties are broken by id.' })
export class PaymentOrder {
  @Field(() => PaymentOrderFieldEnum, { description: 'What to sort by.' }) field: keyof typeof PaymentOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class PaymentPageArgs extends PageArgs {
  @Field(() => PaymentFilter, { nullable: true, description: 'Which payments; all where absent.' })
  filter?: PaymentFilter;
  @Field(() => PaymentOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: PaymentOrder;
}

@Resolver(() => Payment)
export class PaymentResolver {
  @Query(() => Payment, {
    nullable: true,
    description: 'A payment by id or payment number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  payment(
    @Arg('key', () => ID, { description: 'Id or payment number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payment | null> {
    return context.find('payment', key, info);
  }

  @Query(() => PaymentConnection, { nullable: true, description: 'The payments that the caller sees.' })
  @Extensions({ scope: 'read' })
  payments(
    @Args(() => PaymentPageArgs) args: PaymentPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Payment> {
    return rootConnection(context, 'payment', args, info);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'What is put against no invoice: amount less applied and refunded; 0 where no money was taken in the end.',
  })
  unappliedAmount(@Root() payment: PaymentRow): string {
    return money(unappliedAmount(payment), payment.currency);
  }

  @FieldResolver(() => Account, { description: 'The account that paid.' })
  account(
    @Root() payment: PaymentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow('Payment.account', payment.accountId, info);
  }

  @FieldResolver(() => [PaymentApplication], { description: 'The invoices it was put against.' })
  applications(
    @Root() payment: PaymentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PaymentApplication[]> {
    return edgeList(context, 'Payment.applications', payment.id, info);
  }
}

@Resolver(() => PaymentApplication)
export class PaymentApplicationResolver {
  @FieldResolver(() => Payment, { description: 'The payment.' })
  payment(
    @Root() application: PaymentApplicationRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payment> {
    return context.follow('PaymentApplication.payment', application.paymentId, info);
  }

  @FieldResolver(() => Invoice, { description: 'The invoice.' })
  invoice(
    @Root() application: PaymentApplicationRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> {
    return context.follow('PaymentApplication.invoice', application.invoiceId, info);
  }
}
