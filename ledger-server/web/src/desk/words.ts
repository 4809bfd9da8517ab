// A statement in words, from its exact bytes: every field by its name, nothing left out. What has no name
// here is not shown as something else: the statement is refused.
import { renderings } from "../page/render.ts";
import { wordsFor } from "../page/words.ts";
import { canonical, type Json, type JsonObject } from "../verify/canonical.ts";
import { hex, utf8 } from "../verify/bytes.ts";
import type { Statement } from "../verify/entry.ts";
import { digest } from "../verify/hash.ts";
import { VerifierKey } from "../verify/key.ts";
import * as read from "../verify/read.ts";
import type { Ledger } from "../verify/state.ts";
import { DAY_SECONDS, dayText } from "../verify/time.ts";
import fields from "./fields.json";
import { fingerprint } from "./key.ts";
import { t } from "./language.ts";

interface Words {
  readonly zh: string;
  readonly en: string;
}

interface Variant {
  readonly label: Words;
  readonly fields: readonly Field[];
}

type Shape =
  | "any"
  | "basis_points"
  | "boolean"
  | "charter"
  | "document"
  | "money"
  | "months"
  | "number"
  | { readonly text: string }
  | { readonly list: Shape }
  | { readonly object: readonly Field[] }
  | { readonly tag?: string; readonly variants: Readonly<Record<string, Variant>> };

interface Field {
  readonly name: string;
  readonly label: Words;
  readonly shape: Shape;
}

/** A line: how deep it stands, what it is, what it says (empty for a heading). */
export interface Row {
  readonly depth: number;
  readonly label: string;
  readonly value: string;
}

/** What is known of the ledger at the place of the statement: the names in it. */
export interface About {
  readonly ledger: Ledger;
  /** The position of the next entry. */
  readonly position: number;
  /** The kind of event at an entry before it. */
  kindOf(index: number): Promise<string>;
}

/** Something in the statement has no words here. */
export class Wordless extends Error {}

const TABLE = fields as unknown as Readonly<Record<string, readonly Field[]>>;

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, name) ? table[name] : undefined;
}

function say(words: Words): string {
  return t(words.zh, words.en);
}

function language(): "zh" | "en" {
  return t("zh", "en") as "zh" | "en";
}

function shown(value: Json, form: string): string {
  return renderings(value, form, language(), undefined)?.[0] ?? String(value);
}

/** One of several words where a code has several: a statement's fields mean the one of their own list. */
function word(code: string): string {
  return wordsFor(code, language())[0] ?? code;
}

/** Makes the rows of an event; `known` has the names of members and channels. */
class Writer {
  readonly rows: Row[] = [];

  constructor(
    private readonly known: About,
    private readonly stream: string,
  ) {}

  row(depth: number, label: string, value: string): void {
    this.rows.push({ depth, label, value });
  }

  /** The members of an object, each of which is one of these fields; `apart` are read elsewhere. */
  members(depth: number, of: readonly Field[], value: JsonObject, apart: readonly string[], path: string): void {
    const unknown = Object.keys(value).find((key) => !apart.includes(key) && !of.some((field) => field.name === key));
    if (unknown !== undefined) {
      throw new Wordless(`${path}.${unknown}`);
    }
    for (const field of of) {
      const held = read.member(value, field.name);
      if (held !== undefined) {
        this.value(depth, say(field.label), field.shape, held, `${path}.${field.name}`);
      }
    }
  }

  value(depth: number, label: string, shape: Shape, value: Json, path: string): void {
    if (typeof shape !== "string") {
      return this.structured(depth, label, shape, value, path);
    }
    switch (shape) {
      case "any":
        return this.row(depth, label, typeof value === "string" ? value : canonical(value));
      case "document":
        return this.document(depth, label, value, path);
      case "charter":
        return this.charter(depth, label, value, path);
      case "boolean":
        return this.row(depth, label, shown(this.typed(value, "boolean", path), "text"));
      default:
        return this.row(depth, label, this.number(shape, this.typed(value, "number", path) as number));
    }
  }

  private typed(value: Json, type: "boolean" | "number" | "string", path: string): Json {
    if (typeof value !== type) {
      throw new Wordless(path);
    }
    return value;
  }

  private number(shape: Shape, value: number): string {
    switch (shape) {
      case "money":
        return shown(value, "money");
      case "months":
        return t(`${value} 个月`, `${value} months`);
      case "basis_points":
        return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}%`;
      default:
        return String(value);
    }
  }

  private structured(depth: number, label: string, shape: Exclude<Shape, string>, value: Json, path: string): void {
    if ("text" in shape) {
      this.row(depth, label, this.text(shape.text, label, String(this.typed(value, "string", path))));
    } else if ("list" in shape) {
      if (!Array.isArray(value)) {
        throw new Wordless(path);
      }
      const items = value as readonly Json[];
      if (items.length === 0) {
        this.row(depth, label, t("无", "none"));
      }
      items.forEach((item, at) => this.value(depth, `${label} ${at + 1}`, shape.list, item, `${path}[${at}]`));
    } else if ("object" in shape) {
      if (!read.isObject(value)) {
        throw new Wordless(path);
      }
      this.row(depth, label, "");
      this.members(depth + 1, shape.object, value, [], path);
    } else {
      this.choice(depth, label, shape, value, path);
    }
  }

  private choice(depth: number, label: string, shape: { readonly tag?: string; readonly variants: Readonly<Record<string, Variant>> }, value: Json, path: string): void {
    const { tag, variants } = shape;
    const code = tag === undefined ? value : read.isObject(value) ? read.member(value, tag) : undefined;
    const variant = typeof code === "string" ? own(variants, code) : undefined;
    if (variant === undefined) {
      throw new Wordless(path);
    }
    this.row(depth, label, say(variant.label));
    if (tag !== undefined) {
      this.members(depth + 1, variant.fields, value as JsonObject, [tag], path);
    }
  }

  private text(kind: string, label: string, value: string): string {
    switch (kind) {
      case "StatedTime":
      case "LogTime":
        return `${shown(value, "datetime")}${t("（北京时间）", " (Beijing time)")}`;
      case "Commitment":
      case "Digest":
      case "Hash":
        return shown(value, "hash");
      case "MemberId":
        return this.member(value);
      case "VerifierKey": {
        const key = VerifierKey.parse(value);
        if (key === undefined) {
          throw new Wordless(label);
        }
        return `${t("指纹 ", "fingerprint ")}${fingerprint(key.key.bytes)}\n${value}`;
      }
      case "Label": {
        const charter = this.known.ledger.governing(this.stream, this.known.position);
        const channel = charter.channels.find((channel) => channel.id === value);
        return channel === undefined ? value : t(`${channel.name}（${value}）`, `${channel.name} (${value})`);
      }
      default:
        return value;
    }
  }

  member(id: string): string {
    const name = this.known.ledger.roster.members.get(id)?.name;
    return name === undefined ? id : t(`${name}（${id}）`, `${name} (${id})`);
  }

  private document(depth: number, label: string, value: Json, path: string): void {
    if (!read.isObject(value)) {
      throw new Wordless(path);
    }
    const access = read.text(value, "access");
    const isPublic = access === "public";
    const expected = isPublic ? ["access", "kind", "sha256", "size_bytes", "title"] : ["access", "commitment", "kind", "readers", "title"];
    if ((!isPublic && access !== "private") || Object.keys(value).some((key) => !expected.includes(key))) {
      throw new Wordless(path);
    }
    const kind = read.text(value, "kind");
    this.row(depth, label, t(`${read.text(value, "title")}（${kind}）`, `${read.text(value, "title")} (${kind})`));
    if (isPublic) {
      const size = t(`公开，${read.integer(value, "size_bytes")} 字节`, `public, ${read.integer(value, "size_bytes")} bytes`);
      this.row(depth + 1, t("查阅", "access"), size);
      this.row(depth + 1, "SHA-256", shown(read.text(value, "sha256"), "hash"));
    } else {
      const readers = read.texts(value, "readers").map(word).join(t("、", ", "));
      this.row(depth + 1, t("查阅", "access"), t(`不公开，可查阅：${readers}`, `private, to be read by: ${readers}`));
      this.row(depth + 1, t("承诺", "commitment"), shown(read.text(value, "commitment"), "hash"));
    }
  }

  /** A charter is a document of its own: its title, its version, and the digest of the whole. */
  private charter(depth: number, label: string, value: Json, path: string): void {
    if (!read.isObject(value)) {
      throw new Wordless(path);
    }
    const [title, version] = [read.text(value, "title"), read.integer(value, "version")];
    this.row(depth, label, t(`《${title}》第 ${version} 版`, `“${title}”, version ${version}`));
    this.row(depth + 1, t("全文摘要 SHA-256", "SHA-256 of the whole"), shown(hex(digest(utf8(canonical(value)))), "hash"));
  }
}

function streamWords(stream: string): string {
  const [kind = "", id = ""] = stream.split("/");
  switch (kind) {
    case "transaction":
      return t(`交易 ${id}`, `transaction ${id}`);
    case "concern":
      return t(`群众意见 ${id}`, `concern ${id}`);
    default:
      return t("账本本身（名册、明白纸）", "the ledger itself (roster, charter)");
  }
}

/** The time as its signers state it, with the offset that they wrote. */
function momentWords(statement: Statement): string {
  const { instant, offsetMinutes } = statement.at;
  const local = instant + offsetMinutes * 60;
  const clock = new Date(local * 1000).toISOString().slice(11, 16);
  const zone = statement.atText.slice(19);
  const text = `${dayText(Math.floor(local / DAY_SECONDS))} ${clock}`;
  return zone === "+08:00" ? text : `${text} (${zone})`;
}

/** What kind of event it is. */
export function titleOf(kind: string): string {
  return word(kind);
}

/** All that a statement says. Throws `Wordless` for what has no words. */
export async function rowsOf(statement: Statement, known: About): Promise<Row[]> {
  const shape = own(TABLE, statement.kind);
  if (shape === undefined) {
    throw new Wordless(statement.kind);
  }
  const writer = new Writer(known, statement.stream);
  writer.row(0, t("属于", "in"), streamWords(statement.stream));
  writer.row(0, t("事项", "event"), titleOf(statement.kind));
  writer.row(0, t("发生时间", "happened at"), momentWords(statement));
  if (statement.kind === "corrected") {
    const entry = read.integer(statement.event, "entry");
    const kind = entry < known.position ? titleOf(await known.kindOf(entry)) : "?";
    writer.row(0, t("更正的是", "corrects"), t(`第 ${entry} 条：${kind}`, `entry ${entry}: ${kind}`));
  }
  writer.members(0, shape, statement.event, ["kind"], "event");
  return writer.rows.map((row) => ({ ...row, value: visible(row.value) }));
}

/** What is signed and takes no room on a screen; the variants of a character are seen. */
const UNSEEN = /(?!\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/gu;

/** A text with what nobody would see in it said by its code: two that look alike say the same. */
function visible(text: string): string {
  return text.replace(UNSEEN, (unseen) => `[U+${(unseen.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
}
