// The shape of events, nested members too: a strict reader of the JSON Schema that is generated from the Rust
// types (ledger-core/schema), of those keywords that it uses. The build embeds the schema, and fails where it
// holds a keyword or a format that is not read here.
import { utf8 } from "./bytes.ts";
import type { Json, JsonObject } from "./canonical.ts";
import { Fault } from "./fault.ts";
import { isCreditCode } from "./identifier.ts";
import { VerifierKey } from "./key.ts";
import { isObject, member } from "./read.ts";
import { day, stated } from "./time.ts";

interface Schema {
  /** The name of another, in `SHAPES`. */
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: keyof typeof FORMATS;
}

/** What the build embeds: the definitions of statement.schema.json. */
declare const SHAPES: Readonly<Record<string, Schema>>;

/** Forms that no pattern tells whole; each throws, or says no. */
const FORMATS = {
  "credit-code": isCreditCode,
  date: (text: string) => day(text) >= 0,
  "date-time": (text: string) => stated(text).instant >= 0,
  // Bytes, where a schema counts characters.
  "field-path": (text: string) => utf8(text).length <= 200,
  "verifier-key": (text: string) => VerifierKey.parse(text)?.text === text,
} as const;

const shapes = SHAPES;
const patterns = new Map<string, RegExp>();

function pattern(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(source, "u");
  patterns.set(source, known);
  return known;
}

function wrong(at: string, expected: string): never {
  throw new Fault("form", `${at}: expected ${expected}`);
}

function typeOf(value: Json): string {
  return Array.isArray(value) ? "array" : typeof value === "number" ? "integer" : typeof value;
}

/** Holds a value against one of the schema's definitions; throws a fault of form that says where it differs. */
export function checkShape(value: Json, name: string, at: string): void {
  check(value, { $ref: name }, at);
}

function resolved(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (shapes[schema.$ref] ?? wrong(schema.$ref, "a definition"));
}

function check(value: Json, by: Schema, at: string): void {
  const schema = resolved(by);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.includes(typeOf(value))) {
    wrong(at, `${types.join(" or ")}, found ${typeOf(value)}`);
  }
  if (schema.const !== undefined && value !== schema.const) {
    wrong(at, String(schema.const));
  }
  if (schema.enum?.includes(value) === false) {
    wrong(at, `one of ${schema.enum.join(", ")}`);
  }
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined) {
    check(value, chosen(value, alternatives, at), at);
  }
  if (typeof value === "string") {
    checkText(value, schema, at);
  } else if (typeof value === "number") {
    const { minimum = value, maximum = value } = schema;
    if (value < minimum || value > maximum) {
      wrong(at, `${minimum} to ${maximum}, found ${value}`);
    }
  } else if (isObject(value)) {
    checkMembers(value, schema, at);
  } else if (typeof value === "object") {
    checkItems(value, schema, at);
  }
}

/** The one alternative that a value can be: its constants tell them apart. */
function chosen(value: Json, alternatives: readonly Schema[], at: string): Schema {
  const can = (schema: Schema): boolean => {
    const { const: constant, properties = {} } = resolved(schema);
    const tags = Object.keys(properties).filter((key) => properties[key]?.const !== undefined);
    const tagged = tags.every((key) => isObject(value) && member(value, key) === properties[key]?.const);
    return tagged && (constant === undefined || constant === value);
  };
  const [only, another] = alternatives.filter(can);
  return only !== undefined && another === undefined ? only : wrong(at, "one of the words or forms that may stand here");
}

function checkText(value: string, schema: Schema, at: string): void {
  const { minLength = 0, maxLength = Infinity } = schema;
  // Characters, not the units that an engine keeps them in.
  const length = [...value].length;
  if (length < minLength || length > maxLength) {
    wrong(at, `${minLength} to ${maxLength} characters, found ${length}`);
  }
  if (schema.pattern !== undefined && !pattern(schema.pattern).test(value)) {
    wrong(at, `the form ${schema.pattern}`);
  }
  if (schema.format !== undefined && !FORMATS[schema.format](value)) {
    wrong(at, schema.format);
  }
}

function checkMembers(value: JsonObject, schema: Schema, at: string): void {
  const { properties = {}, required = [], additionalProperties: others, propertyNames: names } = schema;
  const { patternProperties: patterned = {} } = schema;
  for (const key of required) {
    if (member(value, key) === undefined) {
      wrong(`${at}.${key}`, "a value: it is missing");
    }
  }
  for (const key of Object.keys(value)) {
    const inner = `${at}.${key.slice(0, 60)}`;
    const named = Object.keys(patterned).find((source) => pattern(source).test(key));
    const other = named === undefined ? others : patterned[named];
    const known = Object.prototype.hasOwnProperty.call(properties, key) ? properties[key] : other;
    if (known === false) {
      wrong(inner, "nothing: no such member is known");
    } else if (known !== undefined) {
      check(member(value, key) as Json, known, inner);
    }
    if (names !== undefined) {
      check(key, names, inner);
    }
  }
}

function checkItems(value: readonly Json[], schema: Schema, at: string): void {
  const { items, uniqueItems } = schema;
  if (items === undefined) {
    return;
  }
  value.forEach((item, place) => check(item, items, `${at}[${place}]`));
  if (uniqueItems === true) {
    // A set has one text: its words stand in the order of the schema's, each once.
    const order = (resolved(items).oneOf ?? []).map((word) => word.const);
    const places = value.map((item) => order.indexOf(item));
    if (places.some((place, at) => at > 0 && place <= (places[at - 1] as number))) {
      wrong(at, `each once, in the order ${order.join(", ")}`);
    }
  }
}
