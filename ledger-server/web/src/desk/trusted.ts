// The one place where a text may become markup or the address of a script: the desk's policy names it, and
// browsers that know Trusted Types refuse everywhere else.

interface Policy {
  createHTML(text: string): string;
  createScriptURL(text: string): string;
}

interface Factory {
  createPolicy(name: string, rules: Policy): Policy;
}

const RULES: Policy = {
  // Pages of this site, which were fetched from it. Scripts in what DOMParser reads never run.
  createHTML: (text) => text,
  createScriptURL: (text) => {
    if (!/^\/assets\/[a-z]+-[0-9a-f]{16}\.js$/.test(text)) {
      throw new TypeError(`no script of this site: ${text.slice(0, 80)}`);
    }
    return text;
  },
};

const factory = (window as unknown as { readonly trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("sanzi-desk", RULES) ?? RULES;

/** Reads a page of this site. */
export function pageFrom(html: string): Document {
  return new DOMParser().parseFromString(policy.createHTML(html), "text/html");
}

/** Begins a worker of this site's assets. */
export function workerAt(asset: string): Worker {
  return new Worker(policy.createScriptURL(asset));
}
