// A form's controls as the server made them: reads what is typed, puts it back, and finds the control that a
// path names. What a field is, its element says (`data-value`); no kind of event is known here.
import type { Typed } from "./kept.ts";

type Fields = { readonly [name: string]: Typed };

let added = 0;

/** The controls right below a control or the form, without those of variants that are not chosen. */
export function own(above: Element): HTMLElement[] {
  const all = Array.from(above.querySelectorAll<HTMLElement>("[data-value]"));
  return all.filter((one) => {
    const parent = one.parentElement?.closest("[data-value], form");
    const variant = one.closest<HTMLElement>("[data-variant]");
    return parent === above && (variant === null || !variant.hidden || !above.contains(variant));
  });
}

function input(control: Element): HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | null {
  return control.querySelector("input:not([type='file']), textarea, select");
}

function options(control: Element): HTMLInputElement[] {
  const all = Array.from(control.querySelectorAll<HTMLInputElement>('input[type="radio"], input[type="checkbox"]'));
  return all.filter((one) => one.closest("[data-value]") === control);
}

function chosen(control: Element): string {
  const select = control.querySelector("select");
  if (select !== null && select.closest("[data-value]") === control) {
    return select.value;
  }
  return options(control).find((option) => option.checked)?.value ?? "";
}

function fields(above: Element): Fields {
  return Object.fromEntries(own(above).map((one) => [one.dataset["name"] ?? "", read(one)]));
}

/** What stands in a control. */
export function read(control: HTMLElement): Typed {
  switch (control.dataset["value"]) {
    case "object":
      return fields(control);
    case "list":
      return own(control).map(read);
    case "choice": {
      const tag = control.dataset["tag"] ?? "";
      return tag === "" ? chosen(control) : { ...fields(control), [tag]: chosen(control) };
    }
    case "checks":
      return options(control)
        .filter((option) => option.checked)
        .map((option) => option.value);
    case "boolean": {
      const answer = chosen(control);
      return answer === "" ? "" : answer === "true";
    }
    case "fixed":
      return JSON.parse(control.dataset["json"] ?? "null") as Typed;
    default:
      return input(control)?.value ?? "";
  }
}

/** All that stands in a form. */
export function collect(form: HTMLFormElement): Fields {
  return fields(form);
}

/** Shows the fields of the variant that is chosen, and no others. */
export function vary(control: HTMLElement): void {
  const id = chosen(control);
  for (const variant of Array.from(control.querySelectorAll<HTMLElement>("[data-variant]"))) {
    if (variant.closest("[data-value]") === control) {
      variant.hidden = variant.dataset["variant"] !== id;
    }
  }
}

function renumber(list: Element): void {
  own(list).forEach((row, place) => {
    const number = row.querySelector("[data-number]");
    if (number !== null) {
      number.textContent = String(place + 1);
    }
  });
}

/** Adds an empty row to a list. */
export function addRow(list: HTMLElement): HTMLElement | undefined {
  const templates = Array.from(list.querySelectorAll("template"));
  const blank = templates.find((template) => template.parentElement === list)?.content.firstElementChild;
  const rows = Array.from(list.querySelectorAll("[data-rows]")).find((place) => place.parentElement === list);
  if (!(blank instanceof HTMLElement) || rows === undefined) {
    return undefined;
  }
  const row = blank.cloneNode(true) as HTMLElement;
  added += 1;
  const mark = `n${added}`;
  for (const part of [row, ...Array.from(row.querySelectorAll<HTMLElement>("*"))]) {
    for (const attribute of ["id", "for", "name", "aria-describedby"]) {
      const value = part.getAttribute(attribute);
      if (value?.includes("__N__") === true) {
        part.setAttribute(attribute, value.split("__N__").join(mark));
      }
    }
  }
  rows.append(row);
  renumber(list);
  return row;
}

/** Takes a row away; gives what to focus then. */
export function removeRow(row: HTMLElement): HTMLElement | undefined {
  const list = row.parentElement?.closest<HTMLElement>("[data-value='list']");
  row.remove();
  if (list === null || list === undefined) {
    return undefined;
  }
  renumber(list);
  return list.querySelector<HTMLElement>("[data-add]") ?? undefined;
}

function asText(value: Typed | undefined): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

/** Puts a value into a control, as [`read`] gave it. */
export function write(control: HTMLElement, value: Typed | undefined): void {
  const held = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
  const into = (): void => own(control).forEach((one) => write(one, held[one.dataset["name"] ?? ""]));
  switch (control.dataset["value"]) {
    case "object":
      into();
      break;
    case "list": {
      own(control).forEach((row) => row.remove());
      for (const item of Array.isArray(value) ? (value as readonly Typed[]) : []) {
        const row = addRow(control);
        if (row !== undefined) {
          write(row, item);
        }
      }
      break;
    }
    case "choice": {
      const tag = control.dataset["tag"] ?? "";
      const id = asText(tag === "" ? value : held[tag]);
      const select = control.querySelector("select");
      if (select !== null && tag === "") {
        select.value = id;
      }
      options(control).forEach((option) => (option.checked = option.value === id));
      if (tag !== "") {
        vary(control);
        into();
      }
      break;
    }
    case "checks": {
      const ids = Array.isArray(value) ? (value as readonly Typed[]) : [];
      options(control).forEach((option) => (option.checked = ids.includes(option.value)));
      break;
    }
    case "boolean":
      options(control).forEach((option) => (option.checked = option.value === String(value)));
      break;
    case "fixed":
      break;
    default: {
      const field = input(control);
      if (field !== null) {
        field.value = asText(value);
      }
    }
  }
}

/** Puts a whole form back. */
export function restore(form: HTMLFormElement, typed: Typed): void {
  const held = typeof typed === "object" && typed !== null && !Array.isArray(typed) ? (typed as Fields) : {};
  for (const control of own(form)) {
    const name = control.dataset["name"] ?? "";
    if (name in held) {
      write(control, held[name]);
    }
  }
}

/** The control that a path such as `received[1].voucher` names, or the nearest one around it. */
export function find(form: HTMLFormElement, path: string): HTMLElement | undefined {
  let found: HTMLElement | undefined;
  for (const part of path.split(/\.|(?=\[)/)) {
    const place = /^\[(\d+)\]$/.exec(part)?.[1];
    const below: HTMLElement[] = own(found ?? form);
    const next = place === undefined ? below.find((one) => one.dataset["name"] === part) : below[Number(place)];
    if (next === undefined) {
      break;
    }
    found = next;
  }
  return found;
}

/** Opens whatever a control is folded away in. */
export function reveal(control: Element): void {
  for (let fold = control.closest("details"); fold !== null; fold = fold.parentElement?.closest("details") ?? null) {
    fold.open = true;
  }
}

/** What takes the focus of a control: what is typed into, or else its group. */
export function target(control: HTMLElement): HTMLElement {
  const kind = control.dataset["value"];
  if (kind === "object" || kind === "list") {
    return control;
  }
  const first = control.querySelector<HTMLElement>("input:checked, input:not([type='file']), textarea, select");
  return first ?? control;
}
