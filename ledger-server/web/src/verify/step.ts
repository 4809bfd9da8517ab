// The sixteen steps in their order, and the three publication points among them.

export const STEPS = [
  "asset_verification",
  "proposal_initiation",
  "party_review",
  "publish_pre_plan",
  "feedback_and_valuation",
  "plan_drafting",
  "member_vote",
  "publish_plan",
  "street_review",
  "listing_notice",
  "bidder_qualification",
  "bidding",
  "result_and_objection",
  "contract_signing",
  "handover_and_receipt",
  "publish_completion",
] as const;

export const STEP_COUNT = STEPS.length;

/** A step's number, 1 to 16; 0 for what is no step. */
export function stepNumber(name: string): number {
  return (STEPS as readonly string[]).indexOf(name) + 1;
}

export const ASSET = 1;
export const PROPOSAL = 2;
export const VALUATION = 5;
export const PLAN = 6;
export const VOTE = 7;
export const LISTING = 10;
export const BIDDING = 12;
export const SIGNING = 14;

const POINTS: ReadonlyMap<number, string> = new Map([
  [4, "pre_plan"],
  [8, "plan"],
  [16, "completion"],
]);

/** The publication point that a step is, if it is one. */
export function pointOf(step: number): string | undefined {
  return POINTS.get(step);
}

/** The step of a publication point; 0 for what is none. */
export function stepOfPoint(point: string): number {
  return [...POINTS].find(([, name]) => name === point)?.[0] ?? 0;
}

/** About which step a concern is, by its subject; 0 for none. */
export function stepOfSubject(subject: string): number {
  return subject === "result" ? 13 : stepOfPoint(subject);
}
