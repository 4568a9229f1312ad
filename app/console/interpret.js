// An utterance in, its plan command by command, and the dialogue where a slot is unclear.

import { stream } from "./api.js";
import { commandSet } from "./commands.js";
import { $, h } from "./dom.js";
import { faultCard } from "./fault.js";
import * as history from "./history.js";
import * as map from "./map.js";
import { commandLine, timings } from "./plan.js";
import * as speech from "./speech.js";

let session = crypto.randomUUID?.() ?? `console-${Date.now()}-${Math.random()}`;
let running = null;
let back = -1;
let described = new Map();
let turns = null;

const field = () => $("#utterance");

export function start() {
  $("#composer").addEventListener("submit", (event) => { event.preventDefault(); ask(field().value); });
  field().addEventListener("keydown", onKey);
  history.start((text) => ask(text));
  speech.start(field(), () => ask(field().value));
  offer();
}

export function enable(ready) {
  $("#send").disabled = !ready;
}

export async function open() {
  try {
    await Promise.all([map.load(), commandSet().then((set) => { described = set; })]);
  } catch (error) {
    $("#map").replaceChildren(faultCard(error, open));
  }
  if (matchMedia("(hover: hover)").matches) focus();
}

export const focus = () => field().focus();

export function restart() {
  running?.abort();
  session = crypto.randomUUID?.() ?? `console-${Date.now()}-${Math.random()}`;
  turns = null;
  $("#answer").replaceChildren();
  $("#try").hidden = false;
  map.route([]);
  field().placeholder = "bring me a coke from the fridge";
  focus();
}

function onKey(event) {
  if (event.key === "Escape") {
    if (running) running.abort();
    else field().blur();
  }
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") { back = -1; return; }
  if (field().value && back < 0) return;
  event.preventDefault();
  back = Math.max(-1, back + (event.key === "ArrowUp" ? 1 : -1));
  const text = back < 0 ? "" : history.earlier(back);
  if (text === undefined) back -= 1;
  else field().value = text;
}

async function ask(text) {
  if (!text.trim() || $("#send").disabled) { focus(); return; }
  running?.abort();
  const mine = new AbortController();
  running = mine;
  const turn = begin(text);
  const answer = $("#answer");
  answer.setAttribute("aria-busy", "true");
  const began = performance.now();
  let first = 0;
  const commands = [];
  try {
    for await (const { event, data } of stream("/v1/interpret/stream", { text, session_id: session }, mine.signal)) {
      first ||= performance.now() - began;
      if (event === "command") {
        commands[data.index] = data.command;
        turn.list.append(commandLine(data.index, data.command, described.get(data.command.action)));
        map.route(commands);
      } else if (event === "interpretation") {
        conclude(turn, data, data.commands.length ? first : 0);
      } else if (event === "error") {
        turn.end.append(faultCard({ ...data.error }, () => ask(text)));
      }
    }
    if (!turn.whole && !turn.end.childNodes.length) throw new Error("The answer broke off before it was whole.");
  } catch (error) {
    turn.end.replaceChildren(error.name === "AbortError" ? h("p", { class: "faint" }, "Stopped.") : faultCard(error, () => ask(text)));
  } finally {
    turn.item.classList.remove("waiting");
    if (running === mine) {
      running = null;
      answer.setAttribute("aria-busy", "false");
    }
  }
}

function begin(text) {
  field().value = "";
  back = -1;
  $("#try").hidden = true;
  if (!turns) {
    turns = h("ol", { class: "turns" });
    $("#answer").replaceChildren(
      h("div", { class: "row" }, h("h2", {}, "Conversation"),
        h("button", { type: "button", class: "quiet small", onclick: restart, title: "New conversation (n)" }, "New conversation")),
      turns);
  }
  const brief = h("span", { class: "brief" });
  const top = h("div", { class: "top" });
  const list = h("ol", { class: "plan" });
  const end = h("div", { class: "end" });
  const item = h("li", { class: "turn waiting" },
    h("details", { open: true }, h("summary", {}, h("span", { class: "said" }, text), brief), top, list, end));
  for (const earlier of turns.children) {
    earlier.classList.add("earlier");
    $("details", earlier).open = false;
  }
  turns.prepend(item);
  return { item, brief, top, list, end, whole: false };
}

function conclude(turn, answer, first) {
  turn.whole = true;
  turn.item.dataset.outcome = answer.outcome;
  // The whole plan may see more than its beginning did, so it has the last word.
  turn.list.replaceChildren(...answer.commands.map((command, index) => commandLine(index, command, described.get(command.action))));
  map.route(answer.commands);
  history.remember(answer);
  const count = answer.commands.length;
  turn.brief.textContent = { clarify: "asked back", unsupported: "declined" }[answer.outcome] ?? `${count} command${count === 1 ? "" : "s"}`;
  if (answer.outcome === "clarify") turn.top.append(question(answer));
  if (answer.outcome === "unsupported") {
    turn.top.append(h("p", { class: "refusal" }, h("strong", {}, "The robot declines. "), answer.reason));
  }
  field().placeholder = answer.outcome === "clarify" ? "Answer, or say something new" : "Next, or correct it: no, the pear";
  turn.end.append(timings(answer, first), raw(answer));
  focusIfTyping();
}

function focusIfTyping() {
  if (matchMedia("(hover: hover)").matches) focus();
}

function question(answer) {
  const unclear = answer.commands.flatMap((command) => Object.values(command.grounding ?? {}))
    .find((grounding) => ["ambiguous", "unknown"].includes(grounding.status));
  const options = (unclear?.alternatives ?? []).slice(0, 5);
  const twins = (name) => options.filter((one) => one.name === name).length > 1;
  return h("div", { class: "question" },
    h("p", {}, answer.question),
    h("div", { class: "chips" }, ...options.map((one) => {
      const reply = twins(one.name) && one.room ? `the one in the ${one.room}` : one.name;
      return h("button", { type: "button", class: "chip", onclick: () => ask(reply) }, reply);
    })));
}

function raw(answer) {
  return h("details", { class: "raw" }, h("summary", {}, "Answer as JSON"),
    h("pre", { tabindex: "0", "aria-label": "Answer as JSON" }, JSON.stringify(answer, null, 2)));
}

async function offer() {
  try {
    const examples = await (await fetch("/console/examples.json")).json();
    $("#try").replaceChildren(h("h2", {}, "Try these"),
      h("div", { class: "chips" }, ...examples.map((text) => h("button", { type: "button", class: "chip", onclick: () => ask(text) }, text))));
  } catch {
    $("#try").replaceChildren();
  }
}
