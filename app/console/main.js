// Pages, keys, theme, and whether the service is there.

import { Fault, hasKey, onKeyNeeded, onLost, setKey } from "./api.js";
import { $, h, store, stored } from "./dom.js";
import * as commands from "./commands.js";
import * as interpret from "./interpret.js";
import * as knowledge from "./knowledge.js";

const PAGES = { interpret, knowledge, commands };
const POLL_READY = 15_000;
const POLL_WAITING = 1_000;

let ready = false;
let next = 0;

function show() {
  const [, name = "interpret", ...rest] = location.hash.split("/");
  const page = name in PAGES ? name : "interpret";
  for (const other of Object.keys(PAGES)) $(`#page-${other}`).hidden = other !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = page === "interpret" ? "Command Interpreter" : `${page[0].toUpperCase()}${page.slice(1)} · Command Interpreter`;
  if (ready) PAGES[page].open(rest);
}

function tell(state, text, fault) {
  const pill = $("#state");
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.state = state;
  const banner = $("#banner");
  banner.hidden = !fault;
  banner.dataset.state = state;
  const told = fault ? `${fault.message}\n${fault.hint}` : "";
  if (banner.dataset.told === told) return;
  banner.dataset.told = told;
  banner.replaceChildren(h("strong", {}, fault?.message ?? ""), " ", h("span", {}, fault?.hint ?? ""));
}

async function look() {
  clearTimeout(next);
  try {
    const response = await fetch("/ready");
    const body = await response.json();
    if (!response.ok) throw new Fault(response.status, body.error, response.headers);
    tell("ready", `Ready · ${body.model}`);
    becomeReady(true);
  } catch (error) {
    becomeReady(false);
    if (!(error instanceof Fault)) tell("gone", "No answer", { message: "The service does not answer.", hint: "Is it running? This page tries again by itself." });
    else if (error.after) tell("loading", "Loading", { message: `Getting ready: ${error.message.replace(/^the service is not ready: /, "")}.`, hint: "This page goes on by itself." });
    else tell("failed", "Not ready", error);
  }
  clearTimeout(next);
  next = setTimeout(look, ready ? POLL_READY : POLL_WAITING);
}

function becomeReady(now) {
  if (now === ready) return;
  ready = now;
  interpret.enable(ready);
  if (ready) show();
}

function dress(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  dress(dark ? "light" : "dark");
  store("theme", document.documentElement.dataset.theme);
}

const SHORTCUTS = [
  ["/", "type an utterance", () => { location.hash = "#/interpret"; setTimeout(interpret.focus); }],
  ["i", "interpret page", () => { location.hash = "#/interpret"; }],
  ["k", "knowledge page", () => { location.hash = "#/knowledge"; }],
  ["c", "commands page", () => { location.hash = "#/commands"; }],
  ["n", "new conversation", interpret.restart],
  ["t", "light or dark", switchTheme],
  ["?", "these keys", openKeys],
];

function openKeys() {
  const dialog = $("#keys");
  const rows = SHORTCUTS.map(([name, what]) => h("div", {}, h("dt", {}, h("kbd", {}, name)), h("dd", {}, what)));
  rows.push(h("div", {}, h("dt", {}, h("kbd", {}, "↑")), h("dd", {}, "an earlier utterance, in the text field")));
  rows.push(h("div", {}, h("dt", {}, h("kbd", {}, "Esc")), h("dd", {}, "stop, or leave the text field")));
  dialog.replaceChildren(
    h("h2", { id: "keys-title" }, "Keyboard"), h("dl", { class: "keys" }, ...rows),
    h("div", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close")),
  );
  dialog.showModal();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select")) return;
  const found = SHORTCUTS.find(([name]) => name === event.key);
  if (!found) return;
  event.preventDefault();
  found[2]();
}

let asking = null;

function askForKey(fault) {
  const refused = hasKey() ? h("p", { class: "fault", role: "alert" }, `${fault.message[0].toUpperCase()}${fault.message.slice(1)}. Try again.`) : null;
  asking ??= new Promise((resolve) => {
    const dialog = $("#key");
    const input = h("input", { id: "key-value", type: "password", autocomplete: "off", required: true });
    let given = false;
    const form = h("form", { onsubmit: (event) => {
      event.preventDefault();
      setKey(input.value);
      given = true;
      dialog.close();
    } },
      h("h2", { id: "key-title" }, "This service asks for a key"),
      h("p", {}, "Whoever runs it set server.api_key. It is kept in this tab only."), refused,
      h("label", { for: "key-value" }, "Key"), input,
      h("div", { class: "actions" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "submit", class: "primary" }, "Use key")));
    dialog.replaceChildren(form);
    dialog.onclose = () => { asking = null; resolve(given); };
    dialog.showModal();
  });
  return asking;
}

dress(stored("theme", null));
onKeyNeeded(askForKey);
onLost(look);
// By hand: its href would be read as the name of a page.
$(".skip").addEventListener("click", (event) => { event.preventDefault(); $("#main").focus(); });
$("#theme").addEventListener("click", switchTheme);
$("#keys-open").addEventListener("click", openKeys);
addEventListener("hashchange", show);
addEventListener("keydown", onKey);
interpret.start();
knowledge.start();
show();
look();
