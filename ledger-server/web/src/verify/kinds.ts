// Every kind of event: in which streams it stands, and of which family it is.

export type Family = "concern" | "contract" | "detour" | "ledger" | "oversight" | "posting" | "step";
export type Home = "concern" | "concern or ledger or transaction" | "ledger" | "ledger or transaction" | "transaction";

interface Kind {
  readonly home: Home;
  readonly family: Family;
}

const step: Kind = { home: "transaction", family: "step" };
const detour: Kind = { home: "transaction", family: "detour" };
const contract: Kind = { home: "transaction", family: "contract" };
const concern: Kind = { home: "concern", family: "concern" };
const ledger: Kind = { home: "ledger", family: "ledger" };
const onlooking = (home: Home): Kind => ({ home, family: "oversight" });

/** FORMAT.md, Events. What an event of each kind holds says the schema. */
export const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["ledger_opened", ledger],
  ["member_enrolled", ledger],
  ["role_granted", ledger],
  ["role_ended", ledger],
  ["key_rotated", ledger],
  ["key_compromised", ledger],
  ["charter_adopted", ledger],
  ["loss_declared", ledger],
  ["asset_verification", step],
  ["proposal_initiation", step],
  ["party_review", step],
  ["publish_pre_plan", step],
  ["feedback_and_valuation", step],
  ["plan_drafting", step],
  ["member_vote", step],
  ["publish_plan", step],
  ["street_review", step],
  ["listing_notice", step],
  ["bidder_qualification", step],
  ["bidding", step],
  ["result_and_objection", step],
  ["contract_signing", step],
  ["handover_and_receipt", step],
  ["publish_completion", step],
  ["channel_posted", { home: "transaction", family: "posting" }],
  ["step_waived", detour],
  ["returned", detour],
  ["corrected", detour],
  ["terminated", detour],
  ["contract_taken_over", contract],
  ["payment_due", contract],
  ["payment_received", contract],
  ["payment_made", contract],
  ["contract_amended", contract],
  ["contract_renewed", contract],
  ["contract_terminated", contract],
  ["asset_returned", contract],
  ["opinion_given", onlooking("transaction")],
  ["integrity_agreed", onlooking("transaction")],
  ["meeting_held", onlooking("ledger or transaction")],
  ["finding_raised", onlooking("ledger or transaction")],
  ["finding_answered", onlooking("ledger or transaction")],
  ["document_erased", onlooking("concern or ledger or transaction")],
  ["period_attested", onlooking("ledger")],
  ["relative_declared", onlooking("ledger")],
  ["concern_raised", concern],
  ["concern_answered", concern],
  ["concern_closed", concern],
  ["concern_hidden", concern],
  ["concern_rated", concern],
]);

/** The days on which a record says that something happened: never later than the day it is received. */
export const DAYS: ReadonlyMap<string, string> = new Map([
  ["party_review", "met_on"],
  ["feedback_and_valuation", "consulted_until"],
  ["member_vote", "held_on"],
  ["contract_signing", "signed_on"],
  ["handover_and_receipt", "handed_over_on"],
  ["contract_taken_over", "signed_on"],
  ["payment_received", "received_on"],
  ["payment_made", "paid_on"],
  ["contract_amended", "signed_on"],
  ["contract_renewed", "signed_on"],
  ["contract_terminated", "ended_on"],
  ["asset_returned", "returned_on"],
  ["opinion_given", "given_on"],
  ["integrity_agreed", "signed_on"],
  ["meeting_held", "held_on"],
  ["period_attested", "until"],
]);
