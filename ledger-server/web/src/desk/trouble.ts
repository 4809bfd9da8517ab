// What went wrong, in the page's language, whoever said it.
import { Fault, Unavailable } from "../verify/fault.ts";
import type { Problem } from "./api.ts";
import { KeyFault } from "./key.ts";
import { t } from "./language.ts";

/** A problem in one line. */
export function problemText(problem: Problem): string {
  return problem.detail === "" ? problem.title : `${problem.title}${t("：", ": ")}${problem.detail}`;
}

/** An error in one line. */
export function errorText(error: unknown): string {
  if (error instanceof KeyFault) {
    return t(error.zh, error.en);
  }
  if (error instanceof Fault) {
    return t(`格式或规则不符：${error.message}`, `not in form, or against a rule: ${error.message}`);
  }
  if (error instanceof Unavailable) {
    return t(`取不到：${error.message}`, `cannot be fetched: ${error.message}`);
  }
  return error instanceof Error ? error.message : String(error);
}
