// Makes elements. Text comes in as text only: nothing here reads markup.

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Puts these in the place of all that an element holds. (`replaceChildren` came with Chrome 86.) */
export function refill(parent: Element, ...children: readonly (Node | string)[]): void {
  parent.textContent = "";
  parent.append(...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** A tick in a circle, a cross in an octagon, a question mark in a triangle: told apart without colour. */
const SHAPES = {
  holds: ["M24 3a21 21 0 1 0 .01 0z", "M13 25l8 8 14-17"],
  fails: ["M15 3h18l12 12v18l-12 12h-18l-12-12v-18z", "M16 16l16 16M32 16l-16 16"],
  open: ["M24 3l22 42h-44z", "M19 24c0-6 10-6 10 0 0 4-5 4-5 9M24 38v1"],
} as const;

export type Sign = keyof typeof SHAPES;

export function sign(which: Sign, label: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `sign sign-${which}`);
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("width", "40");
  svg.setAttribute("height", "40");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  SHAPES[which].forEach((path, at) => {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("d", path);
    shape.setAttribute("class", at === 0 ? "sign-ground" : "sign-mark");
    shape.setAttribute("fill", "none");
    shape.setAttribute("stroke", "currentColor");
    shape.setAttribute("stroke-width", at === 0 ? "3" : "5");
    svg.append(shape);
  });
  return svg;
}
