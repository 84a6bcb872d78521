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
import { PaymentRow } from '../store/payment';
import { Account } from './account';
import * as shared from './arguments';
import { type Connection, connectionType, edgeConnection, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { OrderDirectionEnum, PaymentOrderFieldEnum, PaymentStatusEnum } from './enums';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { Invoice } from './invoice';
import { Audited, Node } from './node';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'Money collected from an account by its payment method, and put against what it owes.',
  simpleResolvers: true,
})
export class Payment extends Audited {
  @Field(() => String, {
    description: 'Its business number, such as P-00000001; unique in the entity, and never changes.',
  })
  paymentNumber: string;
  @Field(() => DecimalScalar, { description: 'How much was authorized, in the currency; above 0.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'How much of it is put against invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'How much of it was paid back, in the currency, or is about to be.' })
  refundAmount: string;
  @Field(() => String, { description: 'ISO 4217 code of its amounts: that of its account.' }) currency: string;
  @Field(() => DateScalar, { description: 'The day on which it was authorized (UTC).' }) effectiveDate: string;
  @Field(() => PaymentStatusEnum, {
    description: 'Whether the money was taken. A fresh one is Processing until then.',
  })
  status: PaymentStatus;
  @Field(() => Account, { description: 'Who paid; never changes.' })
  account?: Account;
}

@ObjectType({
  implements: Node,
  description: 'The part of a payment that is put against an invoice; gone where it was refunded whole.',
  simpleResolvers: true,
})
export class PaymentApplication extends Node {
  @Field(() => DecimalScalar, { description: 'How much of the payment, in its currency; above 0.' }) amount: string;
  @Field(() => DateTimeScalar, { description: 'The instant at which it was put there.' }) appliedDate: string;
  @Field(() => Payment, { description: 'The money that it is a part of.' })
  payment?: Payment;
  @Field(() => Invoice, { description: 'What it is put against: that owes so much less.' })
  invoice?: Invoice;
}

export const PaymentConnection = connectionType(Payment, 'Payment');

@InputType({ description: 'Conditions on payments. All that are given must hold, and none may be null.' })
export class PaymentFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose paymentNumber meets these conditions.' })
  paymentNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => PaymentStatusEnum, {
    nullable: true,
    description: 'Only those whose money was taken, could not be, or was paid back.',
  })
  status?: PaymentStatus;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose effectiveDate meets these conditions.' })
  effectiveDate?: DateFilter;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How payments are sorted; ties are broken by id.' })
export class PaymentOrder {
  @Field(() => PaymentOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof PaymentOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class PaymentPageArgs extends PageArgs {
  @Field(() => PaymentFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: PaymentFilter;
  @Field(() => PaymentOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: PaymentOrder;
}

@Resolver(() => Payment)
export class PaymentResolver {
  @Query(() => Payment, {
    nullable: true,
    description: 'The payment that an id or payment number names; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  payment(
    @Arg('key', () => ID, shared.key('payment number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payment | null> {
    return context.find('payment', key, info);
  }

  @Query(() => PaymentConnection, {
    nullable: true,
    description: 'The payments that the caller sees, the last changed first where no order is asked for.',
  })
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
      'How much is put against no invoice, in the currency: amount less appliedAmount and refundAmount; 0 where no money was taken in the end.',
  })
  unappliedAmount(@Root() payment: PaymentRow): string {
    return money(unappliedAmount(payment), payment.currency);
  }

  @FieldResolver(() => [PaymentApplication], { description: 'What of it is put against which invoice.' })
  applications(
    @Root() payment: PaymentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PaymentApplication[]> {
    return edgeList(context, 'Payment.applications', payment.id, info);
  }

  @FieldResolver(() => HistoryEntryConnection, {
    description: 'Every change of it, its capture and refunds included, the oldest first.',
  })
  history(
    @Root() payment: PaymentRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Payment.history', payment.id, args, info);
  }
}
