// Builds the assets that the binary embeds. Called by ../build.rs:
//   node build.mjs MODULES OUT
// MODULES is the node_modules folder, OUT an empty folder. Every file of src/entry becomes one asset
// OUT/assets/<name>-<hash>.<js|css>, with .gz and .br beside it; OUT/manifest has a line for each:
// <name>.<ext> TAB <file>. Every file of src/tool becomes OUT/tools/<name>.mjs, for Node.js.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [modules, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(modules, "package.json"));
const { build } = await import(pathToFileURL(require.resolve("esbuild")).href);

// What src/verify/shape.ts reads of a schema; what only tells people something is left out.
const KEYWORDS =
  "$ref type const enum anyOf oneOf properties required additionalProperties patternProperties propertyNames items uniqueItems minimum maximum minLength maxLength pattern format".split(
    " ",
  );
const TOLD = ["title", "description", "default"];
const FORMATS = ["credit-code", "date", "date-time", "field-path", "verifier-key"];
const WIDTHS = ["int32", "uint8", "uint32", "uint64"];

function compact(schema) {
  if (typeof schema !== "object") {
    return schema;
  }
  const unread = Object.keys(schema).find((key) => !KEYWORDS.includes(key) && !TOLD.includes(key));
  const { format } = schema;
  if (unread !== undefined || (format !== undefined && ![...FORMATS, ...WIDTHS].includes(format))) {
    throw new Error(`src/verify/shape.ts does not read ${unread ?? `the format ${format}`}: ${JSON.stringify(schema)}`);
  }
  const each = (members) => Object.fromEntries(Object.entries(members).map(([key, inner]) => [key, compact(inner)]));
  const kept = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "$ref") {
      kept[key] = value.replace("#/$defs/", "");
    } else if (["properties", "patternProperties"].includes(key)) {
      kept[key] = each(value);
    } else if (["anyOf", "oneOf"].includes(key)) {
      kept[key] = value.map(compact);
    } else if (["additionalProperties", "propertyNames", "items"].includes(key)) {
      kept[key] = compact(value);
    } else if (!TOLD.includes(key) && !(key === "format" && WIDTHS.includes(value))) {
      kept[key] = value;
    }
  }
  return kept;
}

const statement = JSON.parse(readFileSync(join(here, "../../ledger-core/schema/statement.schema.json"), "utf8"));
const shapes = Object.entries(statement.$defs).map(([name, schema]) => [name, compact(schema)]);

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  define: { SHAPES: JSON.stringify(Object.fromEntries(shapes)) },
  legalComments: "none",
  logLevel: "error",
  nodePaths: [modules],
  write: false,
};
const manifest = [];
mkdirSync(join(out, "assets"), { recursive: true });
mkdirSync(join(out, "tools"), { recursive: true });

async function asset(file, define) {
  const result = await build({
    ...common,
    define: { ...common.define, ...define },
    entryPoints: [join("src/entry", file)],
    external: ["/assets/*"],
    format: "iife",
    minify: true,
    // Five-year-old telephones and WeChat's own browser.
    target: ["chrome77", "firefox78", "safari15"],
  });
  const bytes = result.outputFiles[0].contents;
  const name = basename(file, extname(file));
  const ext = extname(file) === ".css" ? "css" : "js";
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const target = `${name}-${hash}.${ext}`;
  const size = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(join(out, "assets", target), bytes);
  writeFileSync(join(out, "assets", `${target}.gz`), gzipSync(bytes, { level: 9 }));
  writeFileSync(join(out, "assets", `${target}.br`), brotliCompressSync(bytes, size));
  manifest.push(`${name}.${ext}\t${target}\n`);
  return `/assets/${target}`;
}

const files = readdirSync(join(here, "src/entry")).sort();
// The worker first: the page's script names it.
const worker = await asset("worker.ts", {});
for (const file of files.filter((file) => file !== "worker.ts")) {
  await asset(file, { WORKER: JSON.stringify(worker) });
}
for (const file of readdirSync(join(here, "src/tool")).sort()) {
  await build({
    ...common,
    entryPoints: [join("src/tool", file)],
    format: "esm",
    outfile: join(out, "tools", `${basename(file, ".ts")}.mjs`),
    platform: "node",
    target: "node20",
    write: true,
  });
}
writeFileSync(join(out, "manifest"), manifest.join(""));
