// A plan: one line a command, each slot from the speaker's words to what the robot knows.

import { h, milliseconds, spoken } from "./dom.js";

const MEANING = {
  known: "known",
  category: "any of its kind",
  literal: "means itself",
  ambiguous: "more than one fits",
  unknown: "not known",
};

const percent = (score) => `${Math.round(100 * score)} %`;

/** One command; `described` is its class in the schema, where it is loaded. */
export function commandLine(index, command, described) {
  const { action, grounding, ...slots } = command;
  const filled = Object.entries(slots);
  return h("li", { class: "command-line", "data-index": index },
    h("span", { class: "number", "aria-hidden": "true" }, String(index + 1)),
    h("div", { class: "what" },
      h("p", { class: "action", title: described?.description }, spoken(action), " ", h("code", {}, action)),
      ...filled.map(([field, value]) => slot(field, value, grounding?.[field]))));
}

function slot(field, value, grounding) {
  if (!grounding) return h("div", { class: "slot" }, h("code", { class: "field" }, field), h("p", { class: "value" }, value || "—"));
  const { phrase, status, room, method, score, alternatives, usual_placement: usual, facts } = grounding;
  const same = phrase.toLowerCase() === value.toLowerCase();
  const notes = [
    status !== "literal" && room ? `in the ${room}` : null,
    usual ? `usually at the ${usual.name}` : null,
    ["known", "category"].includes(status) ? `${percent(score)} · ${method}` : null,
  ].filter(Boolean);
  return h("div", { class: "slot", "data-status": status },
    h("code", { class: "field" }, field),
    h("p", { class: "value" },
      phrase && !same ? h("span", { class: "phrase" }, h("q", {}, phrase), h("span", { "aria-label": "becomes" }, " → ")) : null,
      h("strong", {}, spoken(value) || "anyone"),
      h("span", { class: "status" }, MEANING[status] ?? status),
      h("span", { class: "notes" }, notes.join(" · "))),
    score > 0 && status !== "literal" ? h("meter", { min: 0, max: 1, value: score, title: percent(score), "aria-label": `Score of ${field}` }) : null,
    alternatives?.length ? others(status, alternatives) : null,
    ...(facts ?? []).map((fact) => h("p", { class: "fact" }, fact.text, " ", h("span", { class: "faint" }, fact.source))));
}

function others(status, alternatives) {
  const lead = status === "category" ? "such as" : status === "known" ? "rather than" : "perhaps";
  return h("p", { class: "chips" }, h("span", { class: "faint" }, lead), " ",
    ...alternatives.slice(0, 8).map((one) => h("span", { class: "chip", title: percent(one.score) },
      one.name, one.room ? h("span", { class: "faint" }, ` ${one.room}`) : null)));
}

/** Where the time went, and how sure the model is. */
export function timings(answer, first) {
  const { queue, model, grounding, total } = answer.timings_ms;
  const parts = [["queue", queue], ["model", model], ["grounding", grounding]];
  const bar = h("div", { class: "split", "aria-hidden": "true" });
  for (const [name, value] of parts) {
    const piece = h("span", { class: name });
    piece.style.flexGrow = Math.max(value, 0.01);
    bar.append(piece);
  }
  return h("div", { class: "timings" }, bar,
    h("dl", {},
      ...parts.map(([name, value]) => h("div", { class: name }, h("dt", {}, name), h("dd", {}, milliseconds(value)))),
      h("div", {}, h("dt", {}, "total"), h("dd", {}, milliseconds(total))),
      first ? h("div", {}, h("dt", {}, "first command seen"), h("dd", {}, milliseconds(first))) : null,
      h("div", {}, h("dt", {}, "confidence"), h("dd", {}, percent(answer.confidence)))));
}
