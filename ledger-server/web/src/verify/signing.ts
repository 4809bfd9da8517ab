// Who signs: every role that must sign is filled, by different persons, and everybody who signs fills one.
import type { Charter, SigningRule } from "./charter.ts";
import { refuse } from "./fault.ts";
import { holds, type Roster } from "./roster.ts";

/** The roles that must sign at a position, and those that may. */
export function rolesOf(rule: SigningRule, roster: Roster, position: number): [string[], string[]] {
  const required = [rule.answers];
  const optional: string[] = [];
  for (const { role, when } of rule.cosigns) {
    if (when === "always" || (when === "if_appointed" && roster.holders(role, position).length > 0)) {
      required.push(role);
    } else if (when === "optional") {
      optional.push(role);
    }
  }
  return [required, optional];
}

/** Finds a person for a place, moving others to other places they may fill. */
function place(from: number, may: (a: number, b: number) => boolean, taken: (number | undefined)[]): boolean {
  const seen = new Set<number>();
  const search = (one: number): boolean => {
    for (let other = 0; other < taken.length; other++) {
      if (seen.has(other) || !may(one, other)) {
        continue;
      }
      seen.add(other);
      const holder = taken[other];
      if (holder === undefined || search(holder)) {
        taken[other] = one;
        return true;
      }
    }
    return false;
  };
  return search(from);
}

/** Refuses signers who do not fill the roles of a rule. */
export function checkSigners(
  signers: readonly string[],
  rule: SigningRule,
  roster: Roster,
  position: number,
): void {
  const [required, optional] = rolesOf(rule, roster, position);
  const all = [...required, ...optional];
  const may = (signer: number, role: number): boolean =>
    holds(roster.members.get(signers[signer] ?? ""), all[role] ?? "", position);
  const idle = signers.find((_, signer) => !all.some((_, role) => may(signer, role)));
  if (idle !== undefined) {
    refuse("signer_without_role", `${idle} has none of the roles that sign this: ${all.join(", ")}`);
  }
  const absent = required.filter((_, role) => !signers.some((_, signer) => may(signer, role)));
  if (absent.length > 0) {
    refuse("missing_roles", `not signed by: ${absent.join(", ")}`);
  }
  // Every required role finds a signer of its own: Hall's condition, by augmenting paths.
  const bySigner: (number | undefined)[] = signers.map(() => undefined);
  if (!required.every((_, role) => place(role, (one, other) => may(other, one), bySigner))) {
    refuse("one_person_two_roles", "one person would have to fill two roles");
  }
  // And every signer a role: those left over take what may sign, moving others where that helps.
  const byRole: (number | undefined)[] = all.map((_, role) => {
    const signer = bySigner.indexOf(role);
    return signer < 0 ? undefined : signer;
  });
  signers.forEach((id, signer) => {
    if (!byRole.includes(signer) && !place(signer, may, byRole)) {
      refuse("signer_without_role", `${id} fills no role: others have taken them`);
    }
  });
}

/** Whether there would still be people to sign changes of roster and charter. */
export function checkStaffed(charter: Charter, roster: Roster, position: number): void {
  for (const rule of [charter.rosterChanges, charter.charterChanges]) {
    const [required] = rolesOf(rule, roster, position);
    const people = [...new Set(required.flatMap((role) => roster.holders(role, position)))];
    const taken: (number | undefined)[] = people.map(() => undefined);
    const may = (role: number, person: number): boolean =>
      holds(roster.members.get(people[person] ?? ""), required[role] ?? "", position);
    if (!required.every((_, role) => place(role, may, taken))) {
      refuse("unstaffed", `nobody would be left to sign as ${required.join(", ")}`);
    }
  }
}
