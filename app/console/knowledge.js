// What the robot knows: browse, search, add, change, delete, import, export.

import { deleteEntry, getEntry, getJSON, postJSON, putEntry, request } from "./api.js";
import { $, h } from "./dom.js";
import { faultCard } from "./fault.js";

const RELATED = 0.5; // score below which a search shows only what holds the very letters

let collections = [];
let current = null;
let entries = [];
let searching = 0;

export function start() {
  $("#search").addEventListener("input", () => search());
  $("#add").addEventListener("click", () => edit(null));
  $("#export").addEventListener("click", exportAll);
  $("#import").addEventListener("click", () => $("#files").click());
  $("#files").addEventListener("change", (event) => { importFiles([...event.target.files]); event.target.value = ""; });
  const page = $("#page-knowledge");
  for (const name of ["dragenter", "dragover"]) {
    page.addEventListener(name, (event) => { event.preventDefault(); $("#drop").classList.add("over"); });
  }
  page.addEventListener("dragleave", (event) => { if (!page.contains(event.relatedTarget)) $("#drop").classList.remove("over"); });
  page.addEventListener("drop", (event) => {
    event.preventDefault();
    $("#drop").classList.remove("over");
    importFiles([...event.dataTransfer.files]);
  });
}

export async function open([wanted]) {
  try {
    collections = await getJSON("/v1/knowledge");
    current = collections.find((one) => one.name === wanted)?.name ?? current ?? collections[0].name;
    drawTabs();
    entries = await getJSON(`/v1/knowledge/${current}`);
    await search();
  } catch (error) {
    $("#entries").replaceChildren(faultCard(error, () => open([wanted])));
  }
}

const refresh = () => open([current]);

function drawTabs() {
  $("#collections").replaceChildren(...collections.map((one) =>
    h("a", { href: `#/knowledge/${one.name}`, "aria-current": one.name === current ? "true" : null }, one.name, " ", h("span", { class: "count" }, String(one.entries)))));
}

async function search() {
  const mine = ++searching;
  const text = $("#search").value.trim();
  if (!text) { draw(entries.map((entry) => [entry, null])); return; }
  try {
    const found = await postJSON(`/v1/knowledge/${current}/query`, { text, limit: 20 });
    if (mine !== searching) return;
    const scores = new Map(found.filter((one) => one.score >= RELATED).map((one) => [one.id, one.score]));
    const said = text.toLowerCase();
    const holds = (entry) => [entry.name, ...entry.aliases].some((word) => word.toLowerCase().includes(said));
    draw(entries.filter((entry) => scores.has(entry.id) || holds(entry))
      .map((entry) => [entry, scores.get(entry.id) ?? null])
      .sort(([, a], [, b]) => (b ?? 0) - (a ?? 0)));
  } catch (error) {
    if (mine === searching) $("#entries").replaceChildren(faultCard(error, search));
  }
}

function draw(rows) {
  $("#entries").replaceChildren(rows.length
    ? h("ul", {}, ...rows.map(([entry, score]) => row(entry, score)))
    : h("p", { class: "empty" }, $("#search").value ? "Nothing by that name or meaning." : "Nothing here yet. Add an entry, or drop a file."));
}

function row(entry, score) {
  const about = [entry.room, entry.category, entry.placement].filter(Boolean).join(" · ");
  return h("li", {}, h("button", { type: "button", onclick: () => edit(entry), "aria-label": `Change ${entry.name}` },
    h("span", { class: "name" }, entry.name),
    h("span", { class: "about" }, about || entry.text || ""),
    h("span", { class: "aliases" }, entry.aliases.join(", ")),
    score === null ? null : h("span", { class: "took" }, `${Math.round(100 * score)} %`)));
}

// How a field is typed in: value to text and back.
const LINES = { many: true, read: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean), write: (value) => (value ?? []).join("\n") };
const FIELDS = {
  name: { label: "Name", required: true },
  aliases: { label: "Other words for it, one a line", ...LINES },
  plural: { label: "Plural" },
  room: { label: "Room", from: "rooms" },
  category: { label: "Category", from: "categories" },
  placement: { label: "Usual placement", from: "placements" },
  holds_objects: { label: "Objects are kept there", check: true },
  text: { label: "What the robot says", many: true },
  pose: {
    label: "Pose: x y z in metres, then the quaternion x y z w",
    read: (text) => (text.trim() ? numbers(text, 7) : null), write: (value) => (value ?? []).join(" "),
  },
  polygon: {
    label: "Outline in metres, one corner x y a line", many: true,
    read: (text) => LINES.read(text).map((line) => numbers(line, 2)), write: (value) => (value ?? []).map((point) => point.join(" ")).join("\n"),
  },
};

function numbers(text, count) {
  const found = text.trim().split(/[\s,]+/).map(Number);
  if (found.length !== count || found.some(Number.isNaN)) throw new Error(`“${text.trim()}” is not ${count} numbers.`);
  return found;
}

const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "").slice(0, 64);

async function edit(entry) {
  const dialog = $("#editor");
  const fields = collections.find((one) => one.name === current).fields;
  const options = await optionsFor(fields).catch(() => ({}));
  const inputs = {};
  const told = h("div", { role: "alert" });
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); save(entry, inputs, told, entry?.etag); } },
    h("h2", { id: "editor-title" }, entry ? `Change ${entry.name}` : `Add to ${current}`),
    ...fields.map((name) => inputFor(name, FIELDS[name] ?? { label: name }, entry?.[name], options[name], inputs)),
    told,
    h("div", { class: "actions" },
      entry ? h("button", { type: "button", class: "danger", onclick: () => remove(entry) }, "Delete…") : null,
      h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "primary" }, "Save")));
  dialog.replaceChildren(form);
  dialog.showModal();
}

async function optionsFor(fields) {
  const from = fields.filter((name) => FIELDS[name]?.from);
  return Object.fromEntries(await Promise.all(from.map(async (name) => [name, (await getJSON(`/v1/knowledge/${FIELDS[name].from}`)).map((entry) => entry.name)])));
}

function inputFor(name, field, value, options, inputs) {
  const id = `field-${name}`;
  if (field.check) {
    inputs[name] = h("input", { id, type: "checkbox", checked: value ?? true });
    return h("div", { class: "check" }, inputs[name], h("label", { for: id }, field.label));
  }
  inputs[name] = h(field.many ? "textarea" : "input", { id, required: field.required, rows: field.many ? 4 : null, list: options ? `${id}-options` : null, autocomplete: "off" });
  inputs[name].value = field.write ? field.write(value) : value ?? "";
  return h("div", { class: "field-row" }, h("label", { for: id }, field.label), inputs[name],
    options ? h("datalist", { id: `${id}-options` }, ...options.map((one) => h("option", { value: one }))) : null);
}

function valuesOf(inputs) {
  const values = {};
  for (const [name, input] of Object.entries(inputs)) {
    const field = FIELDS[name] ?? {};
    if (field.check) values[name] = input.checked;
    else if (field.read) values[name] = field.read(input.value);
    else values[name] = input.value.trim() || null;
  }
  return values;
}

async function save(entry, inputs, told, etag) {
  const button = $("#editor [type=submit]");
  button.disabled = true;
  button.textContent = "Saving …";
  try {
    const values = valuesOf(inputs);
    const id = entry?.id ?? slug(values.name);
    if (!entry && entries.some((one) => one.id === id)) throw new Error(`There is already a ${values.name}: change that one.`);
    const kept = await putEntry(current, id, values, etag);
    await refresh(); // before the list can be used again: its versions are the old ones
    $("#editor").close();
    tell(`Saved ${kept.name}: understood from the next utterance on.`);
  } catch (error) {
    if (error.status === 409) await conflict(entry, inputs, told);
    else told.replaceChildren(faultCard(error));
  } finally {
    button.disabled = false;
    button.textContent = "Save";
  }
}

/** Somebody else changed it: show theirs, and let the person choose. */
async function conflict(entry, inputs, told) {
  const theirs = await getEntry(current, entry.id).catch(() => null);
  told.replaceChildren(h("div", { class: "fault" },
    h("strong", {}, theirs ? "Somebody changed this entry while you did." : "Somebody deleted this entry while you changed it."),
    theirs ? h("p", {}, `It is now: ${theirs.name}${theirs.aliases.length ? ` (${theirs.aliases.join(", ")})` : ""}.`) : null,
    h("div", { class: "actions" },
      theirs ? h("button", { type: "button", onclick: () => edit(theirs) }, "Take theirs") : null,
      h("button", { type: "button", onclick: () => save(entry, inputs, told, theirs?.etag) }, "Save mine anyway"))));
}

function remove(entry) {
  const dialog = $("#confirm");
  const told = h("div", { role: "alert" });
  const sure = async () => {
    try {
      await deleteEntry(current, entry.id, entry.etag);
      await refresh();
      dialog.close();
      $("#editor").close();
      tell(`Deleted ${entry.name}.`);
    } catch (error) {
      told.replaceChildren(faultCard(error));
    }
  };
  dialog.replaceChildren(
    h("h2", { id: "confirm-title" }, `Delete ${entry.name}?`),
    h("p", {}, "The robot will no longer know it."), told,
    h("div", { class: "actions" },
      h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Keep it"),
      h("button", { type: "button", class: "danger", onclick: sure }, "Delete")));
  dialog.showModal();
}

async function importFiles(files) {
  if (!files.length) return;
  tell(`Importing ${files.map((file) => file.name).join(", ")} …`);
  const body = new FormData();
  for (const file of files) body.append("files", file, file.webkitRelativePath || file.name);
  try {
    const report = await (await request("/v1/knowledge/import", { method: "POST", body })).json();
    const total = (counts) => Object.values(counts).reduce((sum, one) => sum + one, 0);
    tell(`Imported: ${total(report.added)} added, ${total(report.changed)} changed, ${total(report.unchanged)} as before.`,
      ...report.warnings.map((warning) => h("span", { class: "warning" }, `Warning: ${warning}.`)));
    await refresh();
  } catch (error) {
    $("#told").replaceChildren(faultCard(error));
  }
}

async function exportAll() {
  try {
    const url = URL.createObjectURL(await (await request("/v1/knowledge/export")).blob());
    h("a", { href: url, download: "arena.yaml" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } catch (error) {
    $("#told").replaceChildren(faultCard(error));
  }
}

function tell(...parts) {
  $("#told").replaceChildren(...parts);
}
