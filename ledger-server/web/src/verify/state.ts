// What a ledger knows at a position of its log: collective, roster, charters, transactions, concerns.
import type { JsonObject } from "./canonical.ts";
import { readCharter, type Charter } from "./charter.ts";
import type { About } from "./disclosure.ts";
import type { Entry } from "./entry.ts";
import type { VerifierKey } from "./key.ts";
import * as read from "./read.ts";
import { Roster } from "./roster.ts";
import type { Noted, Recorded, Transaction } from "./transaction.ts";

interface AdoptedCharter {
  readonly charter: Charter;
  readonly from: number;
  readonly appliesToOpen: boolean;
}

export interface Concern {
  readonly id: string;
  readonly transaction: string;
  readonly subject: string;
  readonly raised: Noted;
  head: string;
  answered: Noted | undefined;
  closed: Noted | undefined;
  hidden: Noted | undefined;
  rated: Noted | undefined;
}

/** A ledger, once it has been opened. */
export class Ledger implements About {
  readonly charters: AdoptedCharter[];
  readonly concerns = new Map<string, Concern>();
  readonly notes: Noted[] = [];
  /** The private documents that the entries of each stream name, and whether one says that they are erased. */
  readonly papers = new Map<string, Map<string, boolean>>();
  readonly transactions = new Map<string, Transaction>();
  /** The name of the log in which the ledger stands: that of the founding, until a loss was declared. */
  logName: string;
  /** The keys of the logs of which a loss was declared. */
  readonly lostLogs: VerifierKey[] = [];
  /** The leaf hash of the last entry of the stream `ledger`. */
  head: string;

  constructor(
    readonly origin: string,
    readonly ledgerId: string,
    readonly openedAt: number,
    readonly collective: JsonObject,
    readonly training: boolean,
    readonly roster: Roster,
    charter: Charter,
  ) {
    this.head = ledgerId;
    this.logName = origin;
    this.charters = [{ charter, from: 0, appliesToOpen: false }];
  }

  private pick(counts: (adopted: AdoptedCharter) => boolean): Charter {
    const newest = [...this.charters].reverse().find(counts) ?? this.charters[0];
    return (newest as AdoptedCharter).charter;
  }

  /** The charter that governs new dealings at a position; its calendar is everybody's. */
  charterAt(position: number): Charter {
    return this.pick((adopted) => adopted.from < position);
  }

  /** The charter that governs, at a position, what began with an entry. */
  charterOf(begunAt: number, position: number): Charter {
    return this.pick((adopted) => adopted.from < begunAt || (adopted.appliesToOpen && adopted.from < position));
  }

  /** The charter that governs the next event of a stream. */
  governing(stream: string, position: number): Charter {
    const [kind, id = ""] = stream.split("/");
    const begunAt =
      kind === "transaction" ? this.transactions.get(id)?.begunAt : this.concerns.get(id)?.raised.recorded.index;
    return kind === "ledger" || begunAt === undefined ? this.charterAt(position) : this.charterOf(begunAt, position);
  }

  /** What the next event's `prev` must be. */
  headOf(stream: string): string {
    const [kind, id = ""] = stream.split("/");
    const heads = kind === "transaction" ? this.transactions.get(id)?.head : this.concerns.get(id)?.head;
    return kind === "ledger" ? this.head : (heads ?? this.ledgerId);
  }
}

/** Takes note of the private documents that an entry names and erases. */
export function notePapers(ledger: Ledger, entry: Entry): void {
  const papers = ledger.papers.get(entry.stream) ?? new Map<string, boolean>();
  const documents = read.member(entry.event, "documents") === undefined ? [] : read.objects(entry.event, "documents");
  for (const document of documents.filter((document) => read.text(document, "access") === "private")) {
    const commitment = read.text(document, "commitment");
    papers.set(commitment, papers.get(commitment) ?? false);
  }
  if (entry.kind === "document_erased") {
    papers.set(read.text(entry.event, "commitment"), true);
  }
  ledger.papers.set(entry.stream, papers);
}

/** When, where and by whom an entry was recorded, and whether late by this charter. */
export function recordedOf(charter: Charter, entry: Entry, index: number, signers: readonly string[]): Recorded {
  return {
    index,
    at: entry.atText,
    received: entry.received,
    receivedText: entry.receivedText,
    // What a contract taken over tells of happened before there was a ledger, whenever it is told.
    late: entry.kind === "contract_taken_over" || entry.received > charter.calendar.deadline(entry.at.instant, charter.late),
    signers,
  };
}

/** The ledger that a founding opens; the roster it brings is checked as it is read. */
export function founded(event: JsonObject, ledgerId: string, received: number): Ledger {
  const origin = read.text(event, "origin");
  const charter = readCharter(read.object(event, "charter"));
  const roster = new Roster(origin);
  for (const enrolment of read.objects(event, "members")) {
    roster.enrol(enrolment, charter.exclusions, 0);
  }
  const [collective, training] = [read.object(event, "collective"), read.bool(event, "training")];
  return new Ledger(origin, ledgerId, received, collective, training, roster, charter);
}
