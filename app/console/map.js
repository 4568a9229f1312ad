// The arena from above: rooms, placements, and the plan's route numbered along them.

import { getJSON } from "./api.js";
import { $, h, s } from "./dom.js";

const MARGIN = 0.4; // metres
const WIDTH = 640; // units of the picture

let arena = null;
let steps = [];

export async function load() {
  const [rooms, placements] = await Promise.all([getJSON("/v1/knowledge/rooms"), getJSON("/v1/knowledge/placements")]);
  arena = { rooms, placements };
  draw();
}

/** Draw the route of these commands; ambiguous places are marked with a question mark. */
export function route(commands) {
  steps = commands;
  if (arena) draw();
}

const positionOf = (entry) => entry?.pose?.slice(0, 2) ?? centre(entry?.polygon ?? []);

function centre(points) {
  if (!points.length) return null;
  let area = 0, x = 0, y = 0;
  points.forEach(([ax, ay], index) => {
    const [bx, by] = points[(index + 1) % points.length];
    const cross = ax * by - bx * ay;
    area += cross; x += (ax + bx) * cross; y += (ay + by) * cross;
  });
  return area ? [x / (3 * area), y / (3 * area)] : points[0];
}

function find(kind, id) {
  const among = kind === "room" ? arena.rooms : kind === "placement" ? arena.placements : [];
  return among.find((entry) => entry.id === id);
}

function stops() {
  const found = [];
  steps.forEach((command, index) => {
    for (const grounding of Object.values(command.grounding ?? {})) {
      const entry = find(grounding.kind, grounding.id);
      const at = grounding.pose?.slice(0, 2) ?? positionOf(entry);
      if (at && entry) found.push({ at, name: grounding.name, number: String(index + 1), sure: true });
      else if (["ambiguous", "unknown"].includes(grounding.status)) {
        for (const option of grounding.alternatives ?? []) {
          const where = positionOf(find(option.kind, option.id));
          if (where) found.push({ at: where, name: option.name, number: "?", sure: false });
        }
      }
    }
  });
  return found;
}

function frame() {
  const points = [...arena.rooms, ...arena.placements].flatMap((entry) => [...(entry.polygon ?? []), positionOf(entry)]).filter(Boolean);
  if (!points.length) return null;
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const left = Math.min(...xs) - MARGIN, top = Math.max(...ys) + MARGIN;
  const metres = Math.max(Math.max(...xs) + MARGIN - left, 1);
  const scale = WIDTH / metres;
  const height = Math.max((top - Math.min(...ys) + MARGIN) * scale, 120);
  return { place: ([x, y]) => [(x - left) * scale, (top - y) * scale], height, scale };
}

function draw() {
  const room = $("#map");
  const view = frame();
  if (!view) {
    room.replaceChildren(h("p", { class: "faint" }, "No poses are known yet. Give rooms a polygon and placements a pose on the ", h("a", { href: "#/knowledge/rooms" }, "knowledge page"), "."));
    return;
  }
  const route = stops();
  const visited = new Set(route.map((stop) => stop.name));
  const taken = arena.placements.map(positionOf).filter(Boolean).map(view.place).map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${view.height.toFixed(0)}`, role: "img", "aria-label": told(route) },
    ...arena.rooms.map((entry) => outline(entry, view, visited)),
    path(route, view),
    ...arena.placements.map((entry) => dot(entry, view)),
    ...badges(route, view, taken),
    ...arena.rooms.map((entry) => roomName(entry, view, taken)),
    ...[...arena.placements].sort((a, b) => visited.has(b.name) - visited.has(a.name))
      .map((entry) => label(entry, view, visited.has(entry.name), taken)));
  room.replaceChildren(picture);
}

function told(route) {
  const names = route.filter((stop) => stop.sure).map((stop) => `${stop.number}: ${stop.name}`);
  return names.length ? `Map of the arena with the route ${names.join(", ")}` : "Map of the arena";
}

function outline(entry, view, visited) {
  if (!entry.polygon?.length) return null;
  const points = entry.polygon.map((point) => view.place(point).map((v) => v.toFixed(1)).join(",")).join(" ");
  return s("polygon", { points, class: visited.has(entry.name) ? "room visited" : "room" }, s("title", {}, entry.name));
}

function roomName(entry, view, taken) {
  const polygon = entry.polygon?.length ? entry.polygon : null;
  if (!polygon) {
    const at = positionOf(entry);
    if (!at) return null;
    const [x, y] = view.place(at);
    return s("text", { x, y, class: "room-name", "text-anchor": "middle" }, entry.name);
  }
  const corner = view.place([Math.min(...polygon.map(([x]) => x)), Math.max(...polygon.map(([, y]) => y))]);
  taken.push([corner[0] + 8, corner[1] + 6, corner[0] + 8 + entry.name.length * 9, corner[1] + 24]);
  return s("text", { x: corner[0] + 10, y: corner[1] + 20, class: "room-name" }, entry.name);
}

function dot(entry, view) {
  const at = positionOf(entry);
  if (!at) return null;
  const [x, y] = view.place(at);
  return s("circle", { cx: x, cy: y, r: 4, class: "placement" }, s("title", {}, `${entry.name}${entry.room ? `, ${entry.room}` : ""}`));
}

/** The room's bounds where its outline is known, else the picture's. */
function wallsOf(entry, view) {
  const polygon = arena.rooms.find((room) => room.name === entry.room)?.polygon;
  if (!polygon?.length) return [0, 0, WIDTH, view.height];
  const corners = polygon.map(view.place);
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

const apart = (a, b) => a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1];

/** A placement's name beside its dot, on the first side where it covers no other. */
function label(entry, view, visited, taken) {
  const at = positionOf(entry);
  if (!at) return null;
  const [x, y] = view.place(at);
  const width = entry.name.length * (visited ? 7.8 : 6.4), gap = visited ? 18 : 8;
  const sides = [
    [x + gap, y + 4, "start", [x + gap, y - 8, x + gap + width, y + 8]],
    [x - gap, y + 4, "end", [x - gap - width, y - 8, x - gap, y + 8]],
    [x, y + gap + 10, "middle", [x - width / 2, y + gap, x + width / 2, y + gap + 14]],
    [x, y - gap, "middle", [x - width / 2, y - gap - 12, x + width / 2, y - gap + 2]],
  ];
  const walls = wallsOf(entry, view);
  const inside = ([left, top, right, bottom]) => left >= walls[0] && right <= walls[2] && top >= walls[1] && bottom <= walls[3];
  const own = [x - 5, y - 5, x + 5, y + 5];
  const free = sides.find(([, , , box]) => inside(box) && taken.every((other) => `${other}` === `${own}` || apart(box, other)));
  if (!free && !visited) return null;
  const [tx, ty, anchor, box] = free ?? sides.find(([, , , one]) => inside(one)) ?? sides[0];
  taken.push(box);
  return s("text", { x: tx, y: ty, "text-anchor": anchor, class: visited ? "placement-name visited" : "placement-name" }, entry.name);
}

function path(route, view) {
  const points = route.filter((stop) => stop.sure).map((stop) => view.place(stop.at));
  if (points.length < 2) return null;
  return s("polyline", { points: points.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" "), class: "route" });
}

function badges(route, view, taken) {
  const places = new Map();
  for (const stop of route) {
    const key = `${stop.at}`;
    const known = places.get(key);
    if (!known) places.set(key, { ...stop, numbers: [stop.number] });
    else if (!known.numbers.includes(stop.number)) known.numbers.push(stop.number);
  }
  return [...places.values()].map((stop) => {
    const [x, y] = view.place(stop.at);
    const text = stop.numbers.join("·");
    const half = Math.max(12, 5 + text.length * 4.5);
    taken.push([x - half, y - 12, x + half, y + 12]);
    return s("g", { class: stop.sure ? "stop" : "stop maybe" },
      s("rect", { x: x - half, y: y - 12, width: 2 * half, height: 24, rx: 12 }),
      s("text", { x, y: y + 5, "text-anchor": "middle" }, text), s("title", {}, stop.name));
  });
}
