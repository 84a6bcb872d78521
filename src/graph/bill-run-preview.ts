import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, FieldResolver, Info, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { money } from '../domain/currency';
import { Refusal, RequestError } from '../domain/errors';
import { type BillRunPreview as Preview, previewBillRun } from '../service/bill-run';
import { Account } from './account';
import { BillRunFailure, CreateBillRunInput } from './bill-run';
import type { GraphContext } from './context';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { DecimalScalar } from './scalars';

@ObjectType({
  description:
    'Amounts that a bill run would bill and credit to one account in one currency. No id: part of its preview.',
  simpleResolvers: true,
})
export class BillRunPreviewTotal {
  @Field(() => String, { description: 'ISO 4217 code of both amounts.' }) currency: string;
  @Field(() => Int, {
    description: 'Number of items on the documents: fulfillments, and line items without fulfillments.',
  })
  itemCount: number;
}

@ObjectType({
  description: 'Result that a bill run would have now. Nothing is written. No id: each request computes it.',
  simpleResolvers: true,
})
export class BillRunPreview {
  @Field(() => Int, { description: 'Number of invoices that the run would make.' }) invoiceCount: number;
  @Field(() => Int, { description: 'Number of credit memos that the run would make.' }) creditMemoCount: number;
  @Field(() => [BillRunPreviewTotal], {
    description: 'Totals of these documents, one entry per account and currency.',
  })
  totals: BillRunPreviewTotal[];
  @Field(() => [BillRunFailure], {
    description: 'Items that no document could hold, with the reasons. The other fields do not count them.',
  })
  failures: BillRunFailure[];
}

@Resolver()
export class BillRunPreviewResolver {
  @Query(() => BillRunPreview, {
    nullable: true,
    description:
      'The documents and amounts that a bill run would make now, to the cent, and the items that it could not bill. Nothing is written. Invalid input is refused with BAD_REQUEST.',
  })
  @Extensions({ scope: 'read' })
  previewBillRun(
    @Arg('input', () => CreateBillRunInput, { description: 'The accounts to bill, and up to which day.' })
    input: CreateBillRunInput,
    @Ctx() { work }: GraphContext,
  ): Promise<BillRunPreview> {
    return previewBillRun(work, input).catch((error) => {
      // A query has no userErrors, so a refusal of its arguments becomes a request error.
      throw error instanceof Refusal ? new RequestError('BAD_REQUEST', error.message) : error;
    });
  }
}

@Resolver(() => BillRunPreviewTotal)
export class BillRunPreviewTotalResolver {
  @FieldResolver(() => Account, { description: 'The customer whom these amounts are for.' })
  async account(
    @Root() total: Preview['totals'][number],
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return (await loaders.row('account', columnsOf('account', selectedFields(info)), total.accountId))!;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'Total of the invoices, tax included, in the currency.',
  })
  invoiceAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.invoiceAmount, total.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'Total of the credit memos, tax included, in the currency.',
  })
  creditMemoAmount(@Root() total: Preview['totals'][number]): string {
    return money(total.creditMemoAmount, total.currency);
  }
}
