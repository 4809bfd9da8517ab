// Every kind of event: in which streams it stands, of which family it is, and its fields.

export type Family = "concern" | "contract" | "detour" | "ledger" | "oversight" | "posting" | "step";
export type Home = "concern" | "concern or ledger or transaction" | "ledger" | "ledger or transaction" | "transaction";

interface Kind {
  readonly home: Home;
  readonly family: Family;
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

function kind(home: Home, family: Family, fields: string): Kind {
  const names = fields.split(" ").filter((name) => name !== "");
  return {
    home,
    family,
    required: names.filter((name) => !name.endsWith("?")),
    optional: names.filter((name) => name.endsWith("?")).map((name) => name.slice(0, -1)),
  };
}

const step = (fields: string): Kind => kind("transaction", "step", `${fields} documents summary`);
const detour = (fields: string): Kind => kind("transaction", "detour", `${fields} documents`);
const contract = (fields: string): Kind => kind("transaction", "contract", `${fields} documents`);
const concern = (fields: string): Kind => kind("concern", "concern", `${fields} documents`);
const ledger = (fields: string): Kind => kind("ledger", "ledger", fields);
const publication = step("channels comments_to disclosure");
const both = (fields: string): Kind => kind("ledger or transaction", "oversight", `${fields} documents`);

/** FORMAT.md, Events. A name with `?` may be left out. */
export const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["ledger_opened", ledger("charter collective members origin training")],
  ["member_enrolled", ledger("enrolment")],
  ["role_granted", ledger("member role")],
  ["role_ended", ledger("member reason role")],
  ["key_rotated", ledger("key member")],
  ["key_compromised", ledger("key member reason since")],
  ["charter_adopted", ledger("applies_to_open charter reason vote?")],
  ["loss_declared", ledger("log_key lost reason saved")],
  ["asset_verification", step("asset")],
  ["proposal_initiation", step("category expected_term_months? method reason")],
  ["party_review", step("conclusion met_on")],
  ["publish_pre_plan", publication],
  [
    "feedback_and_valuation",
    step(
      "consulted_from consulted_until opinions_answered opinions_received price_basis reserve_price valuation_method valuer",
    ),
  ],
  [
    "plan_drafting",
    step("deposit_fen eligibility escalation? method rent_free_months reserve_price term_months?"),
  ],
  ["member_vote", step("abstain against body eligible for held_on members notified_on present")],
  ["publish_plan", publication],
  ["street_review", step("conclusion platform_level")],
  ["listing_notice", step("bid_increment_fen? closes_at extension_rule listing_number opens_at")],
  ["bidder_qualification", step("applicants")],
  ["bidding", step("bidders bids held_at outcome round")],
  ["result_and_objection", step("notice objections_to")],
  [
    "contract_signing",
    step("amount_fen contract_number parties performance_bond_fen signed_on term_end? term_start?"),
  ],
  ["handover_and_receipt", step("deposits_refunded_fen handed_over_on received")],
  ["publish_completion", publication],
  ["channel_posted", kind("transaction", "posting", "channel disclosure documents location")],
  ["step_waived", detour("basis from through")],
  ["returned", detour("reason to")],
  ["corrected", detour("entry field reason value?")],
  ["terminated", detour("reason")],
  ["payment_due", contract("dues summary")],
  ["payment_received", contract("amount_fen dues payer received_on summary voucher")],
  ["payment_made", contract("account amount_fen dues paid_on payee summary voucher")],
  ["contract_amended", contract("amount_fen? cancels reason signed_on term_end?")],
  ["contract_renewed", contract("amount_fen contract_number reason signed_on term_end term_start")],
  ["contract_terminated", contract("cancels ended_on reason")],
  ["asset_returned", contract("condition performance_bond_refunded_fen returned_on")],
  ["opinion_given", kind("transaction", "oversight", "by documents field given_on summary")],
  ["integrity_agreed", kind("transaction", "oversight", "documents parties signed_on summary")],
  ["meeting_held", both("attendance body held_on summary")],
  ["finding_raised", both("answer_by finding stops")],
  ["finding_answered", both("answer entry")],
  ["document_erased", kind("concern or ledger or transaction", "oversight", "commitment documents reason")],
  ["period_attested", kind("ledger", "oversight", "documents from statement until")],
  ["relative_declared", kind("ledger", "oversight", "documents member name relation summary")],
  ["concern_raised", concern("by? subject text transaction")],
  ["concern_answered", concern("also answer outcome transaction")],
  ["concern_closed", concern("reason")],
  ["concern_hidden", concern("reason")],
  ["concern_rated", concern("comment stars")],
]);

/** The days on which a record says that something happened: never later than the day it is received. */
export const DAYS: ReadonlyMap<string, string> = new Map([
  ["party_review", "met_on"],
  ["feedback_and_valuation", "consulted_until"],
  ["member_vote", "held_on"],
  ["contract_signing", "signed_on"],
  ["handover_and_receipt", "handed_over_on"],
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
