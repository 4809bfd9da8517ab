// Reads members of JSON objects by type; what is not as it must be is a fault of form.
import type { Json, JsonObject } from "./canonical.ts";
import { Fault } from "./fault.ts";

function wrong(key: string, expected: string): never {
  throw new Fault("form", `${key}: expected ${expected}`);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && !Array.isArray(value);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A member that the object itself has. */
export function member(of: JsonObject, key: string): Json | undefined {
  return Object.prototype.hasOwnProperty.call(of, key) ? of[key] : undefined;
}

export function object(of: JsonObject, key: string): JsonObject {
  const value = member(of, key);
  return isObject(value) ? value : wrong(key, "an object");
}

export function maybeObject(of: JsonObject, key: string): JsonObject | undefined {
  return member(of, key) === undefined ? undefined : object(of, key);
}

export function text(of: JsonObject, key: string): string {
  const value = member(of, key);
  return typeof value === "string" ? value : wrong(key, "a text");
}

export function maybeText(of: JsonObject, key: string): string | undefined {
  return member(of, key) === undefined ? undefined : text(of, key);
}

export function integer(of: JsonObject, key: string): number {
  const value = member(of, key);
  return typeof value === "number" && value >= 0 ? value : wrong(key, "a whole number");
}

export function maybeInteger(of: JsonObject, key: string): number | undefined {
  return member(of, key) === undefined ? undefined : integer(of, key);
}

export function bool(of: JsonObject, key: string): boolean {
  const value = member(of, key);
  return typeof value === "boolean" ? value : wrong(key, "true or false");
}

export function list(of: JsonObject, key: string): readonly Json[] {
  const value = member(of, key);
  return isArray(value) ? value : wrong(key, "a list");
}

export function objects(of: JsonObject, key: string): readonly JsonObject[] {
  return list(of, key).map((item) => (isObject(item) ? item : wrong(key, "objects")));
}

export function texts(of: JsonObject, key: string): readonly string[] {
  return list(of, key).map((item) => (typeof item === "string" ? item : wrong(key, "texts")));
}
