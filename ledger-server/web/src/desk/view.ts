// The desk is one document: links below `/<slug>/desk` swap header, main and footer for those of the page
// that they lead to, so that the unlocked key, which lives in this document's memory alone, survives.
import { t } from "./language.ts";
import { pageFrom } from "./trusted.ts";

/** Ends what a view began: timers, listeners outside of `main`. */
export type Leave = () => void;

/** Brings a page to life. `main` is the element with `data-desk="<name>"`, as the server made it. */
export type View = (main: HTMLElement) => void | Leave;

const views = new Map<string, View>();
const listeners: (() => void)[] = [];
let leave: Leave | undefined;
/** The navigation that was asked for last: an answer to an older one comes too late. */
let latest = 0;
let shown = "";

/** The part of an address by which a page is known: what stands behind # is a place on it. */
function pageOf(address: { readonly pathname: string; readonly search: string }): string {
  return address.pathname + address.search;
}

/** Registers the view of pages with `<main data-desk="name">`. */
export function view(name: string, show: View): void {
  views.set(name, show);
}

/** Is called with every page that is shown, before its view. */
export function onShown(listener: () => void): void {
  listeners.push(listener);
}

/** The slug of the ledger whose desk this is. */
export function slug(): string {
  return decodeURIComponent(location.pathname.split("/")[1] ?? "");
}

/** An address below the desk, such as `/donglang/desk/record`, with the language that was chosen. */
export function at(path: string): string {
  const url = new URL(`/${slug()}/desk${path === "" ? "" : `/${path}`}`, location.origin);
  for (const name of ["lang", "large"]) {
    const chosen = new URLSearchParams(location.search).get(name);
    if (chosen !== null && !url.searchParams.has(name)) {
      url.searchParams.set(name, chosen);
    }
  }
  return url.pathname + url.search;
}

/** Says something to who cannot see it, and to who can in the line below the header, unless they see it anyway. */
export function announce(text: string, isSeen = false): void {
  const line = document.getElementById("desk-said");
  if (line !== null) {
    line.textContent = text;
    line.classList.toggle("hidden", isSeen);
  }
}

function isDesk(url: URL): boolean {
  const root = `/${slug()}/desk`;
  return url.origin === location.origin && (url.pathname === root || url.pathname.startsWith(`${root}/`));
}

function show(): void {
  const main = document.querySelector<HTMLElement>("main[data-desk]");
  const made = main === null ? undefined : views.get(main.dataset["desk"] ?? "");
  listeners.forEach((listener) => listener());
  leave = main === null ? undefined : (made?.(main) ?? undefined);
  shown = pageOf(location);
}

/** Puts the parts of a page that was fetched in the place of those that are shown. */
function adopt(html: string): boolean {
  const page = pageFrom(html);
  const next = page.querySelector("main[data-desk]");
  if (next === null) {
    return false;
  }
  leave?.();
  leave = undefined;
  for (const part of ["header", "main", "footer"]) {
    const [old, made] = [document.querySelector(`body > ${part}`), page.querySelector(`body > ${part}`)];
    if (old !== null && made !== null) {
      old.replaceWith(document.adoptNode(made));
    }
  }
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.documentElement.className = page.documentElement.className;
  for (const name of Object.keys(document.body.dataset)) {
    delete document.body.dataset[name];
  }
  Object.assign(document.body.dataset, page.body.dataset);
  return true;
}

/** Who hears the page hears where they are; who uses the keyboard goes on from there. */
function arrive(hash: string): void {
  const target = (hash === "" ? null : document.getElementById(hash.slice(1))) ?? document.querySelector("main h1");
  if (target instanceof HTMLElement) {
    if (!target.matches("a, button, input, select, textarea")) {
      target.tabIndex = -1;
    }
    target.focus();
    target.scrollIntoView({ block: "start" });
  }
  announce(document.title, true);
}

async function load(url: URL, how: "push" | "replace" | "none"): Promise<void> {
  const mine = ++latest;
  const slow = setTimeout(() => announce(t("正在打开……", "Opening…")), 400);
  let html: string;
  let from: URL;
  try {
    const headers = { accept: "text/html", "accept-language": document.documentElement.lang };
    const response = await fetch(url.pathname + url.search, { credentials: "same-origin", headers });
    from = new URL(response.url);
    html = await response.text();
  } catch {
    if (mine === latest) {
      const said = t("连不上服务器，页面没有换；请检查网络后再点一次。", "The server cannot be reached; the page stays as it is. Check the network and try again.");
      announce(said);
    }
    return;
  } finally {
    clearTimeout(slow);
  }
  if (mine !== latest) {
    return;
  }
  if (!isDesk(from) || !adopt(html)) {
    // No page of the desk: the browser goes there itself.
    location.assign(url);
    return;
  }
  from.hash = url.hash;
  if (how === "push") {
    history.pushState(null, "", from);
  } else if (how === "replace") {
    history.replaceState(null, "", from);
  }
  show();
  arrive(from.hash);
}

/** Goes to an address of the desk: `go(at("drafts/…"))`. */
export function go(address: string): Promise<void> {
  const url = new URL(address, location.href);
  if (!isDesk(url)) {
    location.assign(url);
    return Promise.resolve();
  }
  return load(url, "push");
}

/** Shows the page anew, as the server has it now. */
export function reload(): Promise<void> {
  return load(new URL(location.href), "replace");
}

function onClick(event: MouseEvent): void {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
  if (event.defaultPrevented || !plain || link === null || link.target !== "" || link.hasAttribute("download")) {
    return;
  }
  const url = new URL(link.href);
  if (!isDesk(url) || (url.hash !== "" && pageOf(url) === pageOf(location))) {
    return;
  }
  event.preventDefault();
  void load(url, "push");
}

/** Forms that ask for a page (GET) are links with fields. */
function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "get") {
    return;
  }
  const url = new URL(form.action);
  if (!isDesk(url)) {
    return;
  }
  event.preventDefault();
  url.search = "";
  new FormData(form).forEach((value, name) => {
    if (typeof value === "string" && value !== "") {
      url.searchParams.append(name, value);
    }
  });
  void load(url, "push");
}

/** Begins: shows the page that the server sent, and takes over its links. */
export function start(): void {
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  window.addEventListener("popstate", () => {
    // What stands behind # is a place on the same page.
    if (pageOf(location) !== shown) {
      void load(new URL(location.href), "none");
    }
  });
  show();
}
