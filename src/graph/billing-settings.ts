import { Arg, Ctx, Extensions, Field, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { CreditMemoRule, InclusiveTaxRule } from '../domain/billing-settings';
import type { RoundingMode } from '../domain/decimal';
import { updateBillingSettings } from '../service/billing-settings';
import { billingSettings } from '../store/billing-settings';
import type { GraphContext } from './context';
import { CreditMemoRuleEnum, InclusiveTaxRuleEnum, RoundingModeEnum } from './enums';
import { payload, UserError } from './errors';
import { DecimalScalar } from './scalars';

@ObjectType({ description: 'A rate of tax that line items name by its code.', simpleResolvers: true })
export class TaxCode {
  @Field(() => String, { description: 'What line items call it.' }) code: string;
  @Field(() => DecimalScalar, { description: 'The part of the price that is tax: 0.1 is 10 %.' }) rate: string;
}

@ObjectType({ description: 'A unit that quantities are counted in.', simpleResolvers: true })
export class UnitOfMeasure {
  @Field(() => String, { description: 'What line items call it.' }) name: string;
  @Field(() => Int, { description: 'With how many decimals quantities in it are kept.' }) decimals: number;
  @Field(() => RoundingModeEnum, { description: 'How a quantity with more decimals is rounded when it is entered.' })
  roundingMode: RoundingMode;
}

@ObjectType({ description: 'How an entity bills, in all of its orgs.', simpleResolvers: true })
export class BillingSettings {
  @Field(() => Boolean, {
    description:
      'On: returns are credited by credit memos. Off: they are negative items on invoices. On from the start.',
  })
  invoiceSettlement: boolean;
  @Field(() => CreditMemoRuleEnum, {
    description: 'Which charges go on a credit memo, where invoice settlement is on. AllNegative from the start.',
  })
  creditMemoRule: CreditMemoRule;
  @Field(() => InclusiveTaxRuleEnum, { description: 'How tax is taken out of a price. NetFirst from the start.' })
  inclusiveTaxRule: InclusiveTaxRule;
  @Field(() => RoundingModeEnum, {
    description: 'How amounts and taxes are rounded to the decimals of their currency. HALF_UP from the start.',
  })
  roundingMode: RoundingMode;
  @Field(() => [TaxCode], { description: 'The tax codes that line items may have.' }) taxCodes: TaxCode[];
  @Field(() => [UnitOfMeasure], {
    description: 'The units that line items may have; where empty, any, and no quantity is rounded.',
  })
  units: UnitOfMeasure[];
  @Field(() => [String], { nullable: true, description: 'The carriers of fulfillments; any where null or empty.' })
  carriers: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'The systems that fulfillments may name; any where null or empty.',
  })
  fulfillmentSystems: string[] | null;
  @Field(() => [String], {
    nullable: true,
    description: 'The locations that fulfillments may name; any where null or empty.',
  })
  fulfillmentLocations: string[] | null;
}

@InputType({ description: 'A tax code and its rate.' })
export class TaxCodeInput {
  @Field(() => String, { description: 'Its code, at most 255 characters, each once.' }) code: string;
  @Field(() => DecimalScalar, { description: '0 to 1: 0.1 is 10 %.' }) rate: string;
}

@InputType({ description: 'A unit of measure.' })
export class UnitOfMeasureInput {
  @Field(() => String, { description: 'Its name, at most 255 characters, each once.' }) name: string;
  @Field(() => Int, { description: 'With how many decimals quantities in it are kept, 0 to 9.' }) decimals: number;
  @Field(() => RoundingModeEnum, { nullable: true, description: 'How they are rounded. HALF_UP where absent.' })
  roundingMode?: RoundingMode | null;
}

@InputType({
  description:
    'Changes of the settings: what is given replaces, what is left out stays. A list is replaced as a whole.',
})
export class BillingSettingsInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether returns are credited by credit memos; stays on once there is a credit memo.',
  })
  invoiceSettlement?: boolean | null;
  @Field(() => CreditMemoRuleEnum, { nullable: true, description: 'Which charges go on a credit memo.' })
  creditMemoRule?: CreditMemoRule | null;
  @Field(() => InclusiveTaxRuleEnum, { nullable: true, description: 'How tax is taken out of a price.' })
  inclusiveTaxRule?: InclusiveTaxRule | null;
  @Field(() => RoundingModeEnum, { nullable: true, description: 'How amounts and taxes are rounded.' })
  roundingMode?: RoundingMode | null;
  @Field(() => [TaxCodeInput], {
    nullable: true,
    description: 'At most 1,000. A code that a line item has cannot be taken away; its rate may change.',
  })
  taxCodes?: TaxCodeInput[] | null;
  @Field(() => [UnitOfMeasureInput], {
    nullable: true,
    description: 'At most 1,000. Quantities that were entered before stay as they are.',
  })
  units?: UnitOfMeasureInput[] | null;
  @Field(() => [String], { nullable: true, description: 'At most 1,000 texts of 255 characters; null allows any.' })
  carriers?: string[] | null;
  @Field(() => [String], { nullable: true, description: 'At most 1,000 texts of 255 characters; null allows any.' })
  fulfillmentSystems?: string[] | null;
  @Field(() => [String], { nullable: true, description: 'At most 1,000 texts of 255 characters; null allows any.' })
  fulfillmentLocations?: string[] | null;
}

@ObjectType({ description: 'The outcome of a change of the settings.', simpleResolvers: true })
export class BillingSettingsPayload {
  @Field(() => BillingSettings, { nullable: true, description: 'The settings as they are now; null where refused.' })
  billingSettings: BillingSettings | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

@Resolver()
export class BillingSettingsResolver {
  @Query(() => BillingSettings, { nullable: true, description: "How the caller's entity bills." })
  @Extensions({ scope: 'read' })
  billingSettings(@Ctx() { work }: GraphContext): Promise<BillingSettings> {
    return billingSettings(work.reads());
  }

  @Mutation(() => BillingSettingsPayload, { nullable: true, description: "Changes how the caller's entity bills." })
  @Extensions({ scope: 'admin' })
  updateBillingSettings(
    @Arg('input', () => BillingSettingsInput, { description: 'What to change.' }) input: BillingSettingsInput,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<BillingSettingsPayload> {
    return payload(updateBillingSettings(work, input, dryRun), (result) => result, { billingSettings: null });
  }
}
