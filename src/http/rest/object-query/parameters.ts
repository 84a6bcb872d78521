import { parameterError } from '../envelope';
import { type Asked as AskedOfField, asked, type Filter, type Operator, operators } from './filters';

/** The parameters that every view takes. Their names are read in upper and lower case. */
const known = ['pagesize', 'cursor', 'sort[]', 'expand[]', 'filter[]', 'fields[]', 'includenullfields'] as const;
type Known = (typeof known)[number];
/** The parameters that make sense of one object. */
const ofOne: readonly Known[] = ['pagesize', 'expand[]', 'fields[]', 'includenullfields'];

const defaultPage = 10;
/** The longest page. */
export const longestPage = 99;

/** What a view lets clients ask for. Names are in lower case. */
export interface Askable {
  filters: Readonly<Record<string, Filter>>;
  /** The fields of the graph that objects are sorted by. */
  sorts: Readonly<Record<string, string>>;
  /** The paths that can be expanded, such as `orderlineitems.invoiceitems`. */
  expansions: readonly string[];
  /** The fields of the objects: of the view under its own name, and below each expansion. */
  fields: ReadonlyMap<string, readonly string[]>;
}

/** What a request asks of a view. */
export interface Asked {
  pageSize: number;
  cursor?: string;
  order?: { field: string; direction: 'ASC' | 'DESC' };
  conditions: { name: string; operator: Operator; value: string; asked: AskedOfField; filter: Filter }[];
  expanded: ReadonlySet<string>;
  /** The fields to show, below each object; an object that is not here shows all. */
  fields: ReadonlyMap<string, ReadonlySet<string>>;
  nulls: boolean;
}

const refuse = (parameter: string, problem: string): never => {
  throw parameterError(parameter, `${problem}`);
};

/** Reads the parameters of a query for a page, or for one object. @throws RequestError BAD_PARAMETER, which names the parameter and what is allowed */
export function parametersOf(query: Readonly<Record<string, unknown>>, view: Askable, isOne = false): Asked {
  const allowed: readonly Known[] = isOne ? ofOne : known;
  const given = new Map<Known, string[]>();
  const fields = new Map<string, ReadonlySet<string>>();
  for (const [name, value] of Object.entries(query)) {
    const low = name.toLowerCase();
    const values = [value].flat().map(String);
    const object = /^(\w+)\.fields\[\]$/.exec(low)?.[1];
    if (object !== undefined)
      fields.set(object, fieldsOf(name, values, view.fields.get(object), [...view.fields.keys()]));
    else if (allowed.includes(low as Known)) given.set(low as Known, [...(given.get(low as Known) ?? []), ...values]);
    else refuse(name, `No parameter has this name. ${allowed.join(', ')} and <object>.fields[] are allowed.`);
  }
  const [base] = view.fields.keys();
  const ofBase = given.get('fields[]');
  if (ofBase) fields.set(base, fieldsOf('fields[]', ofBase, view.fields.get(base), []));
  return {
    pageSize: pageSizeOf(single('pageSize', given.get('pagesize'))),
    cursor: single('cursor', given.get('cursor')),
    order: orderOf(given.get('sort[]') ?? [], view),
    conditions: (given.get('filter[]') ?? []).map((filter) => conditionOf(filter, view)),
    expanded: expandedOf(given.get('expand[]') ?? [], view),
    fields,
    nulls: flagOf('includeNullFields', single('includeNullFields', given.get('includenullfields'))),
  };
}

function single(name: string, values: readonly string[] = []): string | undefined {
  if (values.length > 1) refuse(name, 'Give it once.');
  return values[0];
}

function pageSizeOf(given = String(defaultPage)): number {
  const size = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  return size >= 1 && size <= longestPage
    ? size
    : refuse('pageSize', `The value is ${given}; 1 to ${longestPage} is allowed.`);
}

function flagOf(name: string, given = 'false'): boolean {
  const low = given.toLowerCase();
  return low === 'true' || low === 'false' ? low === 'true' : refuse(name, 'True or false is expected.');
}

function orderOf(given: readonly string[], { sorts }: Askable): Asked['order'] {
  if (given.length === 0) return undefined;
  if (given.length > 1) refuse('sort[]', 'Only one field can be sorted by.');
  const [, name = '', direction = ''] =
    /^(\w+)\.(asc|desc)$/i.exec(given[0]) ??
    refuse('sort[]', 'A field and a direction are expected, such as updateddate.DESC.');
  const field = own(sorts, name) ?? refuse('sort[]', `${name} is no field to sort by. ${choice(sorts)}`);
  return { field, direction: direction.toUpperCase() as 'ASC' | 'DESC' };
}

function conditionOf(given: string, { filters }: Askable): Asked['conditions'][number] {
  const [, name = '', word = '', value = ''] =
    /^(\w+)\.(\w+):(.*)$/s.exec(given) ??
    refuse('filter[]', 'A field, an operator and a value are expected, such as state.EQ:Booked.');
  const filter = own(filters, name) ?? refuse('filter[]', `${name} is no field to filter by. ${choice(filters)}`);
  const operator = operators.find((each) => each === word.toUpperCase());
  if (!operator) return refuse('filter[]', `${name}: ${word} is no operator. ${operators.join(', ')} are allowed.`);
  return {
    name: name.toLowerCase(),
    operator,
    value,
    filter,
    asked: asked(filter, operator, value, `filter[]: ${name}`),
  };
}

/** The expansions, with those that they are below. */
function expandedOf(given: readonly string[], { expansions }: Askable): Set<string> {
  const expanded = new Set<string>();
  for (const path of parts(given)) {
    if (!expansions.includes(path)) {
      const allowed = expansions.length ? `${expansions.join(', ')} are allowed.` : 'Nothing of this object can be.';
      refuse('expand[]', `${path} cannot be expanded. ${allowed}`);
    }
    const steps = path.split('.');
    for (let at = 1; at <= steps.length; at++) expanded.add(steps.slice(0, at).join('.'));
  }
  return expanded;
}

function fieldsOf(
  parameter: string,
  given: readonly string[],
  all: readonly string[] | undefined,
  objects: readonly string[],
): Set<string> {
  if (!all) return refuse(parameter, `No object has this name. ${objects.join(', ')} can be named.`);
  const wanted = parts(given);
  if (wanted.length === 0) refuse(parameter, 'Name at least one field.');
  const unknown = wanted.find((name) => !all.includes(name) && !name.endsWith('__c'));
  if (unknown !== undefined) refuse(parameter, `${unknown} is no field of the object. ${all.join(', ')} are allowed.`);
  return new Set(wanted);
}

/** Lists come as several parameters, or with commas in one. */
const parts = (given: readonly string[]): string[] =>
  given
    .flatMap((each) => each.split(','))
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '');

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name.toLowerCase()) ? record[name.toLowerCase()] : undefined;
const choice = (record: object): string => {
  const names = Object.keys(record);
  return names.length ? `${names.join(', ')} are allowed.` : 'None is.';
};
