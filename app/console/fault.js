// What went wrong, in words, with the one thing to do next.

import { h } from "./dom.js";

export function faultCard(error, again) {
  return h("div", { class: "fault", role: "alert" },
    h("strong", {}, error.message || String(error)),
    error.hint ? h("p", {}, error.hint) : null,
    error.code ? h("p", { class: "faint" }, h("code", {}, error.code)) : null,
    again ? h("button", { type: "button", onclick: again }, "Try again") : null);
}
