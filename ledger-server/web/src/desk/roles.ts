// The roles that a member can be given, by their names.
import { element } from "../page/element.ts";
import fields from "./fields.json";
import { t } from "./language.ts";

interface Choices {
  readonly list: { readonly variants: Readonly<Record<string, { readonly label: { readonly zh: string; readonly en: string } }>> };
}

function choices(): Choices["list"]["variants"] {
  const enrolment = fields.member_enrolled[0]?.shape.object ?? [];
  const roles = enrolment.find((field) => field.name === "roles")?.shape as unknown as Choices | undefined;
  return roles?.list.variants ?? {};
}

/** A box for each role. */
export function roleChoices(): { readonly node: HTMLElement; value(): string[] } {
  const boxes = Object.entries(choices())
    // The intake key is the server's own.
    .filter(([id]) => id !== "intake")
    .map(([id, { label }]) => {
      const box = element("input", { type: "checkbox", name: "roles", value: id });
      return { id, box, row: element("label", { class: "choice" }, box, t(label.zh, label.en)) };
    });
  const legend = element("legend", {}, t("岗位（可多选，互相冲突的会提示）", "Roles (those that exclude each other are refused)"));
  return {
    node: element("fieldset", { class: "roles" }, legend, ...boxes.map(({ row }) => row)),
    value: () => boxes.filter(({ box }) => box.checked).map(({ id }) => id),
  };
}
