import { customFieldValue, type JsonSchema, type NamedSchemas } from '../json-schema';
import { Nodes, Published, type Shown } from '../shape';

/**
 * A type of the graph as the views show it. Fields that were not asked for are left out, and so are nulls unless they are asked for.
 * Custom fields come beside the others.
 */
export class Queried extends Published {
  /** The fields that are no expansions, in lower case. */
  get names(): string[] {
    return this.entries().flatMap(([name, field]) =>
      field instanceof Nodes || name === 'customFields' ? [] : [name.toLowerCase()],
    );
  }

  /** The expansions by their names in lower case. */
  get expansions(): [name: string, of: Queried][] {
    return this.entries().flatMap(([name, field]): [string, Queried][] =>
      field instanceof Nodes ? [[name.toLowerCase(), field.of as Queried]] : [],
    );
  }

  private entries() {
    return Object.entries(this.fields);
  }

  override objectSchema(schemas: NamedSchemas): JsonSchema {
    const { properties, ...schema } = super.objectSchema(schemas);
    const { customFields, ...fields } = properties as Record<string, JsonSchema>;
    return {
      ...schema,
      required: [],
      properties: fields,
      ...(customFields && { patternProperties: { __c$: customFieldValue } }),
    };
  }

  /**
   * An object as a view shows it, from what the graph shows. `asked`: the names to show of each object, in lower case; an object that
   * is not there shows all. `at`: the name of the view, or of the expansion that the object is below.
   */
  show(shown: object, asked: ReadonlyMap<string, ReadonlySet<string>>, nulls: boolean, at: string): object {
    return this.trimmed(this.write(shown), asked, nulls, at);
  }

  private trimmed(
    { customFields, ...written }: Shown,
    asked: ReadonlyMap<string, ReadonlySet<string>>,
    nulls: boolean,
    at: string,
  ): object {
    const names = asked.get(at);
    const trim = (name: string, value: unknown): unknown => {
      const field = this.fields[name];
      if (!(field instanceof Nodes) || value === null) return value;
      const one = (each: Shown) => (field.of as Queried).trimmed(each, asked, nulls, name.toLowerCase());
      return Array.isArray(value) ? value.map(one) : one(value as Shown);
    };
    const all = Object.entries({ ...written, ...(customFields as object | undefined) });
    const wanted = all.filter(
      ([name, value]) =>
        (nulls || value !== null) && (!names || this.fields[name] instanceof Nodes || names.has(name.toLowerCase())),
    );
    return Object.fromEntries(wanted.map(([name, value]) => [name, trim(name, value)]));
  }
}
