// The command set, explained from its JSON Schema alone.

import { getJSON } from "./api.js";
import { $, h, spoken } from "./dom.js";
import { faultCard } from "./fault.js";

let schema = null;

/** Classes of the union by tag: {description, properties}. */
export async function commandSet() {
  schema ??= getJSON("/v1/commands").catch((error) => { schema = null; throw error; });
  const { oneOf, $defs } = await schema;
  const classes = oneOf.map(({ $ref }) => $defs[$ref.split("/").pop()]); // in the order of the union
  return new Map(classes.map((one) => [one.properties.action.const, one]));
}

export async function open() {
  const room = $("#commands");
  try {
    const set = await commandSet();
    room.replaceChildren(...[...set].map(([tag, one]) => card(tag, one)));
  } catch (error) {
    room.replaceChildren(faultCard(error, open));
  }
}

function card(tag, { description, properties }) {
  const slots = Object.entries(properties).filter(([field]) => field !== "action");
  const example = Object.fromEntries([["action", tag], ...slots.map(([field, slot]) => [field, slot["x-literals"]?.[0] ?? "…"])]);
  return h("article", { class: "card command" },
    h("h2", {}, spoken(tag)),
    h("p", {}, description),
    slots.length ? h("dl", {}, ...slots.map(([field, slot]) => slotOf(field, slot))) : h("p", { class: "faint" }, "No slots."),
    h("pre", { tabindex: "0", "aria-label": `${spoken(tag)} as JSON` }, JSON.stringify(example, null, 1)));
}

function slotOf(field, slot) {
  const known = slot["x-collections"] ?? [];
  const literals = slot["x-literals"] ?? [];
  return h("div", {},
    h("dt", {}, h("code", {}, field)),
    h("dd", {}, slot.description ?? "",
      known.length ? h("span", { class: "chips" }, "looked up in ", ...known.map((name) => h("a", { class: "chip", href: `#/knowledge/${name}` }, name))) : null,
      literals.length ? h("span", { class: "chips" }, "or just ", ...literals.map((word) => h("code", { class: "chip" }, word))) : null));
}
