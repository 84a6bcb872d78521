import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
} from 'graphql';
import { isObject } from '../../domain/json';

/* The words of the published API where the graph has others, for bodies, replies and the OpenAPI document alike. */

/** Published names of input fields that the graph calls otherwise (N24). A body may have either name, or both with the same value. */
export const publishedNames: Readonly<Record<string, string>> = {
  unitOfMeasure: 'UOM',
  transactionStartDate: 'transactionDate',
};

/** Published fields that would change how a line item is billed. There is no rule for them here, so only null is taken. */
const unbilled = ['billTo', 'sequenceSetId', 'invoiceTemplateId'];
/** The published fields of a body with these fields that may only be null. */
export const onlyNull = (fields: object): readonly string[] => ('itemState' in fields ? unbilled : []);

/** Published spellings of enum values that the graph spells otherwise. Other enums keep the spelling of the graph. */
const spellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  FulfillmentState: { Canceled: 'Cancelled' },
  OrderLineItemState: { Canceled: 'Cancelled' },
  OrderState: { Canceled: 'Cancelled', Complete: 'Completed' },
};

/** A value of an enum of the graph as replies spell it. */
export const spelled = (enumName: string, value: string): string => spellings[enumName]?.[value] ?? value;

/** Whether bodies of a type may have custom fields beside the other fields. */
export const takesCustomFields = (type: GraphQLInputType): boolean =>
  isInputObjectType(type) && 'customFields' in type.getFields();

type Read = (value: unknown) => unknown;

/**
 * What makes a body of a type into one in the words of the graph: custom fields gathered in `customFields`, the graph's names and
 * its spellings. What does not fit the type stays as it is, for the type to refuse. Made once for each body: looking at the types
 * anew for each of 50,000 entries took eight times as long.
 */
export function graphWords(of: GraphQLInputType): Read {
  const type = getNullableType(of);
  if (isListType(type)) {
    const read = graphWords(type.ofType);
    return read === asItIs ? asItIs : (value) => (Array.isArray(value) ? value.map(read) : read(value));
  }
  if (isEnumType(type)) return ownSpelling(spellings[type.name]);
  return isInputObjectType(type) ? fieldsIn(type) : asItIs;
}

const asItIs: Read = (value) => value;

/** Reads a published spelling as the graph spells it. The graph's own spelling is read too. */
function ownSpelling(published: Readonly<Record<string, string>> | undefined): Read {
  if (!published) return asItIs;
  const own = new Map<unknown, string>(Object.entries(published).map(([name, spelling]) => [spelling, name]));
  return (value) => own.get(value) ?? value;
}

function fieldsIn(type: GraphQLInputObjectType): Read {
  const fields = type.getFields();
  const reads = new Map(Object.values(fields).map((field) => [field.name, graphWords(field.type)]));
  const renamed = new Map(Object.keys(fields).map((name) => [publishedNames[name], name]));
  const nulls = new Set(onlyNull(fields));
  const hasCustom = takesCustomFields(type);
  return (value) => {
    if (!isObject(value)) return value;
    // Without a prototype, so that no name of a field means anything else.
    const own: Record<string, unknown> = Object.create(null);
    let custom: Record<string, unknown> | undefined;
    for (const name of Object.keys(value)) {
      const inner = value[name];
      if (hasCustom && name.endsWith('__c')) {
        custom ??= Object.create(null) as Record<string, unknown>;
        custom[name] = inner;
      } else if (inner !== null || !nulls.has(name)) {
        const other = renamed.get(name);
        const both = other !== undefined && Object.hasOwn(value, other);
        // A program that sends both names means the same by both.
        if (both && value[other] === inner) continue;
        const field = both ? name : (other ?? name);
        own[field] = (reads.get(field) ?? asItIs)(inner);
      }
    }
    // A customFields value that is no object is left to the schema to refuse.
    const { customFields } = own;
    if (custom && (customFields == null || isObject(customFields))) own.customFields = { ...customFields, ...custom };
    return own;
  };
}
