"use strict";
const graph = document.querySelector("svg.graph");
const frame = graph.parentElement;
const natural = { width: graph.width.baseVal.value, height: graph.height.baseVal.value };
const smallest = 0.05, legible = 0.62, largest = 3;
let scale = 1;

function zoom(wanted) {
  const middle = (frame.scrollLeft + frame.clientWidth / 2) / scale;
  scale = Math.min(largest, Math.max(smallest, wanted));
  graph.setAttribute("width", natural.width * scale);
  graph.setAttribute("height", natural.height * scale);
  frame.scrollLeft = middle * scale - frame.clientWidth / 2;
}
const fitting = () => Math.min(1, frame.clientWidth / natural.width);
const zooms = { in: () => scale * 1.3, out: () => scale / 1.3, fit: fitting };
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => zoom(zooms[button.dataset.zoom]()));
}

function centre(box) {
  const place = box.getBoundingClientRect(), seen = frame.getBoundingClientRect();
  frame.scrollLeft += place.left + place.width / 2 - (seen.left + seen.width / 2);
  frame.scrollTop += place.top + place.height / 2 - (seen.top + seen.height / 2);
}

function show(id, moved) {
  const shown = document.getElementById(id);
  if (!shown || !shown.matches("section.step")) return;
  for (const step of document.querySelectorAll("section.step")) step.classList.toggle("shown", step === shown);
  for (const link of document.querySelectorAll('a[href^="#step-"]')) {
    link.classList.toggle("chosen", link.getAttribute("href") === "#" + id);
  }
  const box = graph.querySelector("a.chosen");
  if (box && !box.matches(":hover")) centre(box);
  if (!moved) return;
  shown.focus({ preventScroll: true });
  const place = shown.getBoundingClientRect();
  if (place.top < 0 || place.top > innerHeight - 80) shown.scrollIntoView({ block: "start" });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#step-"]');
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, "", link.getAttribute("href"));
  show(link.getAttribute("href").slice(1), true);
});
addEventListener("hashchange", () => show(location.hash.slice(1), true));

document.documentElement.classList.add("scripted");
zoom(Math.max(legible, fitting()));
show((location.hash || "#" + document.querySelector("section.shown").id).slice(1), false);
