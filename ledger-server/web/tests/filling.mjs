// Fills in the forms of the staff desk from the body of an event, as a hand would: by what is shown.

/** How a value of the log is typed. */
function typed(name, value) {
  if (name === "fen" || name.endsWith("_fen")) {
    return (value / 100).toFixed(2);
  }
  if (name.endsWith("_basis_points")) {
    return String(value / 100);
  }
  if (/^\d{4}-\d\d-\d\dT/.test(value)) {
    const utc = Date.parse(value);
    return new Date(utc + 8 * 3_600_000).toISOString().slice(0, 16);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What stands in an example for whatever the page offers first. */
const FIRST = "@first";

/** Fills in fields as a hand would: by what is shown, knowing nothing of the page's script. */
export async function fill(page, within, fields, tag) {
  for (const [name, value] of Object.entries(fields)) {
    if (name === tag || name === "documents") {
      continue;
    }
    if (name === "charter") {
      await page.setInputFiles("#open-charter", { name: "charter.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(value)) });
      await page.locator("#begun").getByText("✓").waitFor();
      continue;
    }
    const field = page.locator(`${within} [data-name="${name}"]:visible`).first();
    const control = `#${await field.getAttribute("id")}`;
    if (value === FIRST) {
      fields[name] = await offered(page, control);
    }
    await put(page, control, name, fields[name]);
  }
}

/** The first thing that a control offers, or what is settled in it. */
async function offered(page, control) {
  const json = await page.getAttribute(control, "data-json");
  if (json !== null) {
    return JSON.parse(json);
  }
  const first = page.locator(`${control} input, ${control} option:not([value=""])`).first();
  const value = await first.getAttribute("value");
  return /^\d+$/.test(value) ? Number(value) : value;
}

async function put(page, field, name, value) {
  const control = page.locator(field);
  switch (await control.getAttribute("data-value")) {
    case "object":
      return fill(page, field, value);
    case "list": {
      for (const [place, item] of value.entries()) {
        if ((await page.locator(`${field} > [data-rows] > *`).count()) <= place) {
          await page.click(`${field} > [data-add]`);
        }
        const row = page.locator(`${field} > [data-rows] > *`).nth(place);
        await put(page, `#${await row.getAttribute("id")}`, name, item);
      }
      return;
    }
    case "choice": {
      const tag = await control.getAttribute("data-tag");
      const id = String(tag === "" ? value : value[tag]);
      const select = page.locator(`${field} select`);
      if (tag === "" && (await select.count()) > 0) {
        await select.selectOption(id);
      } else {
        await page.check(`${field} input[type=radio][value="${id}"]`);
      }
      return tag === "" ? undefined : fill(page, `${field} [data-variant="${id}"]`, value, tag);
    }
    case "checks":
      for (const box of await page.locator(`${field} input[type=checkbox]`).all()) {
        await box.setChecked(value.includes(await box.getAttribute("value")));
      }
      return;
    case "boolean":
      return page.check(`${field} input[value="${String(value)}"]`);
    case "fixed":
      return;
    default:
      return page.fill(`${field}-input`, typed(name, value));
  }
}
