// Which witnesses must have cosigned a checkpoint (C2SP tlog-policy).
import { cosignedAt, type Checkpoint } from "./checkpoint.ts";
import { Fault } from "./fault.ts";
import { COSIGNATURE_V1, ED25519, VerifierKey } from "./key.ts";

interface Group {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

export interface Policy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: readonly { readonly name: string; readonly key: VerifierKey }[];
  readonly groups: readonly Group[];
  /** The witness or group that must have cosigned; `undefined` if none must. */
  readonly quorum: string | undefined;
}

/** What a policy makes of a checkpoint. */
export interface Witnessed {
  /** The witnesses that cosigned, by name, with the latest time of each. */
  readonly cosigned: ReadonlyMap<string, bigint>;
  readonly enough: boolean;
}

function fail(line: number, expected: string): never {
  throw new Fault("policy", `policy, line ${line}: expected ${expected}`);
}

export function parsePolicy(text: string): Policy {
  const logs: VerifierKey[] = [];
  const witnesses: { name: string; key: VerifierKey }[] = [];
  const groups: Group[] = [];
  const defined = new Set<string>();
  const grouped = new Set<string>();
  let quorum: { name: string | undefined } | undefined;
  const lines = text.split("\n");
  if (lines.pop() !== "") {
    fail(lines.length + 1, "a newline at the end");
  }
  lines.forEach((content, at) => {
    const line = at + 1;
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(content)) {
      fail(line, "no control characters");
    }
    if (/^[ \t\f]*#/.test(content)) {
      return;
    }
    const words = content.split(/[ \t]+/).filter((word) => word !== "");
    const define = (name: string): string => {
      if (name === "none" || defined.has(name)) {
        fail(line, `a name that is not taken, found ${name}`);
      }
      defined.add(name);
      return name;
    };
    const key = (word: string, algorithm: number, others: readonly VerifierKey[]): VerifierKey => {
      const parsed = VerifierKey.parse(word);
      if (parsed?.algorithm !== algorithm || others.some((other) => other.sharesPointWith(parsed))) {
        return fail(line, "a verifier key for this purpose, given once");
      }
      return parsed;
    };
    const [kind, first = "", second = "", ...rest] = words;
    if (kind === undefined) {
      return;
    } else if (kind === "log" && (words.length === 2 || words.length === 3)) {
      logs.push(key(first, ED25519, logs));
    } else if (kind === "witness" && (words.length === 3 || words.length === 4)) {
      const parsed = key(second, COSIGNATURE_V1, witnesses.map((witness) => witness.key));
      witnesses.push({ name: define(first), key: parsed });
    } else if (kind === "group" && rest.length > 0) {
      for (const name of rest) {
        if (!defined.has(name) || grouped.has(name)) {
          fail(line, `members that are defined and in no other group, found ${name}`);
        }
        grouped.add(name);
      }
      const named = second === "all" ? rest.length : second === "any" ? 1 : NaN;
      const threshold = Number.isNaN(named) && /^[1-9][0-9]*$/.test(second) ? Number(second) : named;
      if (!(threshold >= 1 && threshold <= rest.length)) {
        fail(line, `a threshold of 1 to ${rest.length}`);
      }
      groups.push({ name: define(first), threshold, members: rest });
    } else if (kind === "quorum" && words.length === 2 && quorum === undefined) {
      if (first !== "none" && !defined.has(first)) {
        fail(line, "a quorum that is defined");
      }
      quorum = { name: first === "none" ? undefined : first };
    } else {
      fail(line, "log, witness, group or quorum");
    }
  });
  if (quorum === undefined) {
    throw new Fault("policy", "policy: no quorum line");
  }
  return { logs, witnesses, groups, quorum: quorum.name };
}

/** Who has cosigned a checkpoint. A line that names a witness and is not its own is a fault. */
export function checkWitnesses(policy: Policy, checkpoint: Checkpoint, log: VerifierKey): Witnessed {
  if (policy.logs.length > 0 && !policy.logs.some((known) => known.text === log.text)) {
    throw new Fault("policy", `the policy does not name the log ${log.name}`);
  }
  const cosigned = new Map<string, bigint>();
  for (const { name, key } of policy.witnesses) {
    for (const line of checkpoint.note.signatures.filter((line) => key.isNamedBy(line))) {
      const time = cosignedAt(key, checkpoint, line);
      if (time === undefined) {
        throw new Fault("policy", `the line that names the witness ${name} is not its own`);
      }
      const before = cosigned.get(name);
      cosigned.set(name, before !== undefined && before > time ? before : time);
    }
  }
  const met = new Set(cosigned.keys());
  for (const group of policy.groups) {
    if (group.members.filter((member) => met.has(member)).length >= group.threshold) {
      met.add(group.name);
    }
  }
  return { cosigned, enough: policy.quorum === undefined || met.has(policy.quorum) };
}
