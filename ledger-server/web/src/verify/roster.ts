// The roster: who holds which role with which key, from which entry to which. Authority counts at a
// position of the log: what an entry begins counts from the next entry on, what it ends still counts for it.
import type { JsonObject } from "./canonical.ts";
import { Fault, refuse } from "./fault.ts";
import { ED25519, VerifierKey } from "./key.ts";
import { text, texts } from "./read.ts";
import { logTime } from "./time.ts";

interface Tenure {
  readonly from: number;
  until: number | undefined;
}

interface HeldKey extends Tenure {
  readonly key: VerifierKey;
  /** Since when it may have been in other hands. */
  compromisedSince: number | undefined;
}

interface HeldRole extends Tenure {
  readonly role: string;
}

export interface Member {
  readonly name: string;
  readonly keys: HeldKey[];
  readonly roles: HeldRole[];
}

function covers(tenure: Tenure, position: number): boolean {
  return tenure.from < position && (tenure.until === undefined || position <= tenure.until);
}

export function keyAt(member: Member, position: number): VerifierKey | undefined {
  return member.keys.find((held) => covers(held, position))?.key;
}

export function rolesAt(member: Member, position: number): string[] {
  return member.roles.filter((held) => covers(held, position)).map((held) => held.role);
}

export function holds(member: Member | undefined, role: string, position: number): boolean {
  return member !== undefined && rolesAt(member, position).includes(role);
}

const MEMBER = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function readKey(json: JsonObject, name = "key"): VerifierKey {
  const key = VerifierKey.parse(text(json, name));
  if (key === undefined) {
    throw new Fault("form", "a verifier key that is none, or not fit for use");
  }
  return key;
}

export class Roster {
  readonly members = new Map<string, Member>();

  constructor(private readonly origin: string) {}

  member(id: string): Member {
    return this.members.get(id) ?? refuse("unknown_member", `${id} is not on the roster`);
  }

  /** The member that a key's name names. */
  idIn(keyName: string): string | undefined {
    const id = keyName.startsWith(`${this.origin}/`) ? keyName.slice(this.origin.length + 1) : "";
    return MEMBER.test(id) ? id : undefined;
  }

  holders(role: string, position: number): string[] {
    const ids = [...this.members].filter(
      ([, member]) => holds(member, role, position) && keyAt(member, position) !== undefined,
    );
    return ids.map(([id]) => id);
  }

  private checkKey(id: string, key: VerifierKey): void {
    for (const [owner, member] of this.members) {
      if (member.keys.some((held) => held.key.sharesPointWith(key))) {
        refuse("key_in_use", `${owner} uses this key`);
      }
    }
    if (key.name !== `${this.origin}/${id}` || key.algorithm !== ED25519) {
      refuse("key_name", `expected a key named ${this.origin}/${id}, found ${key.name}`);
    }
  }

  enrol(enrolment: JsonObject, exclusions: Exclusions, from: number): void {
    const id = text(enrolment, "member");
    const roles = texts(enrolment, "roles");
    const key = readKey(enrolment);
    if (!MEMBER.test(id)) {
      throw new Fault("form", `no member id: ${id.slice(0, 40)}`);
    }
    if (this.members.has(id)) {
      refuse("member_exists", `${id} is on the roster already`);
    }
    this.checkKey(id, key);
    if (new Set(roles).size !== roles.length) {
      refuse("role_held", `${id} is given a role twice`);
    }
    exclusions(id, roles);
    this.members.set(id, {
      name: text(enrolment, "name"),
      keys: [{ key, from, until: undefined, compromisedSince: undefined }],
      roles: roles.map((role) => ({ role, from, until: undefined })),
    });
  }

  grant(event: JsonObject, exclusions: Exclusions, position: number): void {
    const [id, role] = [text(event, "member"), text(event, "role")];
    const member = this.member(id);
    if (holds(member, role, position)) {
      refuse("role_held", `${id} holds ${role} already`);
    }
    exclusions(id, [...rolesAt(member, position), role]);
    member.roles.push({ role, from: position, until: undefined });
  }

  end(event: JsonObject, position: number): void {
    const [id, role] = [text(event, "member"), text(event, "role")];
    const held = this.member(id).roles.find((held) => held.role === role && covers(held, position));
    if (held === undefined) {
      refuse("role_not_held", `${id} does not hold ${role}`);
    }
    held.until = position;
  }

  rotate(event: JsonObject, position: number): void {
    const id = text(event, "member");
    const member = this.member(id);
    const key = readKey(event);
    this.checkKey(id, key);
    for (const held of member.keys) {
      held.until ??= position;
    }
    member.keys.push({ key, from: position, until: undefined, compromisedSince: undefined });
  }

  compromise(event: JsonObject, received: number, position: number): void {
    const id = text(event, "member");
    const key = readKey(event);
    const since = logTime(text(event, "since"));
    const held = this.member(id).keys.find((held) => held.key.text === key.text);
    if (held === undefined) {
      return refuse("foreign_key", `${id} never used this key`);
    }
    const latest = held.compromisedSince === undefined ? received : Math.max(0, held.compromisedSince - 1);
    if (since > latest) {
      refuse("compromised_later", "a key can only be declared compromised further back");
    }
    held.until ??= position;
    held.compromisedSince = since;
  }
}

/** Refuses roles that one person must not hold together. */
export type Exclusions = (id: string, roles: readonly string[]) => void;
