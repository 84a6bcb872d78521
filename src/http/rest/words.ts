import { type GraphQLInputType, getNullableType, isEnumType, isInputObjectType, isListType } from 'graphql';

/* The words of the published API where the graph has others, for bodies, replies and the OpenAPI document alike. */

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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

/** A published spelling as the graph spells it. The graph's own spelling is read too. */
function ownSpelling(enumName: string, value: unknown): unknown {
  const found = Object.entries(spellings[enumName] ?? {}).find(([, published]) => published === value);
  return found ? found[0] : value;
}

/** Whether bodies of a type may have custom fields beside the other fields. */
export const takesCustomFields = (type: GraphQLInputType): boolean =>
  isInputObjectType(type) && 'customFields' in type.getFields();

/**
 * A body in the words of the graph: custom fields gathered in `customFields`, the graph's names and its spellings. What does not
 * fit the type stays as it is, for the type to refuse.
 */
export function graphWords(of: GraphQLInputType, value: unknown): unknown {
  const type = getNullableType(of);
  if (isListType(type)) {
    return Array.isArray(value) ? value.map((each) => graphWords(type.ofType, each)) : graphWords(type.ofType, value);
  }
  if (isEnumType(type)) return ownSpelling(type.name, value);
  if (!isInputObjectType(type) || !isObject(value)) return value;
  const fields = type.getFields();
  const given = takesCustomFields(type) ? withCustomFields(value) : value;
  const read = Object.entries(given).flatMap(([name, inner]): [string, unknown][] => {
    if (inner === null && onlyNull(fields).includes(name)) return [];
    const own = Object.keys(publishedNames).find((each) => publishedNames[each] === name && each in fields);
    // A program that sends both names means the same by both.
    if (own !== undefined && Object.hasOwn(given, own) && given[own] === inner) return [];
    const field = own !== undefined && !(own in given) ? own : name;
    return [[field, Object.hasOwn(fields, field) ? graphWords(fields[field].type, inner) : inner]];
  });
  return Object.fromEntries(read);
}

/** REST also takes custom fields beside the other fields; the graph does not. */
function withCustomFields(entry: Record<string, unknown>): Record<string, unknown> {
  const fields = Object.entries(entry);
  const custom = fields.filter(([name]) => name.endsWith('__c'));
  const rest = Object.fromEntries(fields.filter(([name]) => !name.endsWith('__c')));
  // A customFields value that is no object is left to the schema to refuse.
  if (custom.length === 0 || (rest.customFields != null && !isObject(rest.customFields))) return rest;
  return {
    ...rest,
    customFields: { ...(rest.customFields as object | null | undefined), ...Object.fromEntries(custom) },
  };
}
