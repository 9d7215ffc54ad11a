"use strict";
const graph = document.querySelector("svg.graph");
const frame = document.querySelector(".scroll");
const natural = { width: graph?.width.baseVal.value, height: graph?.height.baseVal.value };
const smallest = 0.05, legible = 0.62, largest = 3;
let scale = 1;

function zoom(wanted) {
  if (!graph) return; // what goes round in a circle is not drawn
  const middle = (frame.scrollLeft + frame.clientWidth / 2) / scale;
  scale = Math.min(largest, Math.max(smallest, wanted));
  graph.setAttribute("width", natural.width * scale);
  graph.setAttribute("height", natural.height * scale);
  frame.scrollLeft = middle * scale - frame.clientWidth / 2;
}
const fitting = () => Math.min(1, (frame.clientWidth - 16) / natural.width);
const zooms = { in: () => scale * 1.3, out: () => scale / 1.3, fit: fitting };
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => zoom(zooms[button.dataset.zoom]()));
}

function centre(box) {
  const place = box.getBoundingClientRect(), seen = frame.getBoundingClientRect();
  frame.scrollLeft += place.left + place.width / 2 - (seen.left + seen.width / 2);
  frame.scrollTop += place.top + place.height / 2 - (seen.top + seen.height / 2);
}

const linkTo = (place) => place.closest('a[href^="#"]');
const parts = new Map([...document.querySelectorAll("section.part")].map((part) => [part.id, part]));

// The arrows at a box stand out while it is chosen, pointed at or in focus.
const arrows = new Map();
for (const arrow of graph ? graph.querySelectorAll(".arrow") : []) {
  for (const end of arrow.dataset.ends.split(" ")) arrows.set(end, [...(arrows.get(end) ?? []), arrow]);
}
function mark(box, on) {
  for (const arrow of arrows.get(box.dataset.box) ?? []) arrow.classList.toggle("near", on);
}
const chosen = () => graph?.querySelector("a.chosen");
function leave(box) {
  mark(box, false);
  if (chosen()) mark(chosen(), true);
}
for (const box of graph ? graph.querySelectorAll("a.box") : []) {
  for (const name of ["pointerenter", "focus"]) box.addEventListener(name, () => mark(box, true));
  for (const name of ["pointerleave", "blur"]) box.addEventListener(name, () => leave(box));
}

function show(id, moved) {
  const shown = parts.get(id);
  if (!shown) return;
  if (chosen()) mark(chosen(), false);
  for (const part of parts.values()) part.classList.toggle("shown", part === shown);
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const on = link.getAttribute("href") === "#" + id;
    link.classList.toggle("chosen", on);
    link.closest("tr")?.classList.toggle("chosen", on);
  }
  const box = chosen();
  if (box) mark(box, true);
  if (box && !box.matches(":hover")) centre(box);
  if (!moved) return;
  shown.focus({ preventScroll: true });
  const place = shown.getBoundingClientRect();
  if (place.top < 0 || place.top > innerHeight - 80) shown.scrollIntoView({ block: "start" });
}
document.addEventListener("click", (event) => {
  const link = linkTo(event.target);
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, "", link.getAttribute("href"));
  show(link.getAttribute("href").slice(1), true);
});
addEventListener("hashchange", () => show(location.hash.slice(1), true));

document.documentElement.classList.add("scripted");
zoom(Math.max(legible, fitting()));
show((location.hash || "#" + document.querySelector("section.shown").id).slice(1), false);
