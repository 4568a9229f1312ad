// What was asked before, and how long it took.

import { $, h, milliseconds, s, store, stored } from "./dom.js";

const LIMIT = 40;
let past = stored("history", []);
let again = () => {};

export function start(rerun) {
  again = rerun;
  $("#history-clear").addEventListener("click", () => { past = []; store("history", past); draw(); });
  draw();
}

export function remember(answer) {
  past = [{ text: answer.text, outcome: answer.outcome, ms: answer.timings_ms.total, at: Date.now() }, ...past].slice(0, LIMIT);
  store("history", past);
  draw();
}

export const earlier = (back) => past[back]?.text;

function draw() {
  $("#history-clear").hidden = !past.length;
  $("#history").replaceChildren(...past.slice(0, 12).map((one) =>
    h("li", {}, h("button", { type: "button", onclick: () => again(one.text), title: "Ask again" },
      h("span", { class: "dot", "data-outcome": one.outcome, title: one.outcome }),
      h("span", { class: "said" }, one.text),
      h("span", { class: "took" }, milliseconds(one.ms))))));
  $("#spark").replaceChildren(past.length > 1 ? sparkline() : h("p", { class: "faint" }, past.length ? "" : "Nothing asked yet."));
}

function sparkline() {
  const values = past.map((one) => one.ms).reverse();
  const width = $("#spark").clientWidth || 320, height = 48, top = Math.max(...values);
  const x = (index) => 4 + (index / (values.length - 1)) * (width - 8);
  const y = (value) => height - 4 - (value / top) * (height - 10);
  const median = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return h("figure", {},
    s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Latency of the last ${values.length} answers, median ${milliseconds(median)}` },
      s("line", { x1: 4, x2: width - 4, y1: y(median), y2: y(median), class: "median" }),
      s("polyline", { points: line, class: "latency" }),
      s("circle", { cx: x(values.length - 1), cy: y(values.at(-1)), r: 3.5, class: "latest" })),
    h("figcaption", {}, `median ${milliseconds(median)} · slowest ${milliseconds(top)} · ${values.length} answers`));
}
