// Elements from JavaScript. Text is always set as text, so nothing a server says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (selector, within = document) => within.querySelector(selector);

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const h = (tag, attributes, ...children) =>
  build(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

export const spoken = (tag) => tag.replaceAll("_", " ");

export const milliseconds = (value) =>
  value < 10 ? `${value.toFixed(1)} ms` : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;

export function stored(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`console.${name}`)) ?? otherwise;
  } catch {
    return otherwise; // a private window, or someone else's text
  }
}

export function store(name, value) {
  try {
    localStorage.setItem(`console.${name}`, JSON.stringify(value));
  } catch {
    // Nothing is lost but the memory of it.
  }
}
