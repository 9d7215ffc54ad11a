// What the tests in a browser measure. Each function answers with what is wrong, in words.
const box = (element) => element.getBoundingClientRect();
const boxes = () => [...document.querySelectorAll("svg.graph .box")].map((one) => ({
  words: one.querySelector(".name").textContent, one, place: box(one.querySelector("rect")),
}));

function overlaps() {
  const all = boxes(), found = [];
  for (const [i, a] of all.entries()) {
    if (a.place.width < 1 || a.place.height < 1) found.push(`${a.words} is not seen`);
    for (const b of all.slice(i + 1)) {
      const apart = a.place.right <= b.place.left || b.place.right <= a.place.left ||
        a.place.bottom <= b.place.top || b.place.bottom <= a.place.top;
      if (!apart) found.push(`${a.words} overlaps ${b.words}`);
    }
  }
  return found;
}

function texts_outside() {
  const found = [];
  for (const { words, one, place } of boxes()) {
    for (const text of one.querySelectorAll("text")) {
      const { left, right, top, bottom } = box(text);
      const inside = left >= place.left && right <= place.right && top >= place.top && bottom <= place.bottom;
      if (text.textContent && !inside) found.push(`${words}: ${text.textContent}`);
    }
  }
  return found;
}

function labels_covered() {
  const found = [], labels = [...document.querySelectorAll("svg.graph .label")];
  const places = labels.map(box);
  for (const [i, a] of places.entries()) {
    for (const [j, b] of places.slice(i + 1).entries()) {
      const deep = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (deep > 3 && high > 5) found.push(`${labels[i].textContent} and ${labels[i + 1 + j].textContent}`);
    }
  }
  return found;
}

function loose_ends() {
  const places = new Map(boxes().map(({ one, place }) => [one.dataset.box, place]));
  const near = 3, found = [];
  for (const arrow of document.querySelectorAll("svg.graph .arrow")) {
    const matrix = arrow.getScreenCTM(), length = arrow.getTotalLength();
    for (const [i, end] of arrow.dataset.ends.split(" ").entries()) {
      const point = arrow.getPointAtLength(i * length).matrixTransform(matrix);
      const at = places.get(end);
      const touches = at && point.x > at.left - near && point.x < at.right + near &&
        point.y > at.top - near && point.y < at.bottom + near;
      const onEdge = at && Math.min(...["left", "right"].map((side) => Math.abs(point.x - at[side])),
        ...["top", "bottom"].map((side) => Math.abs(point.y - at[side]))) < near;
      if (!touches || !onEdge) found.push(`${arrow.dataset.ends}: end ${i}`);
    }
  }
  return found;
}

// Elements outside the pictures that are wider than the window, or spill over their parent.
function spills() {
  const found = [], wide = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > wide) found.push("the page scrolls sideways");
  for (const one of document.querySelectorAll("body *:not(script)")) {
    const frame = one.closest(".scroll, .reason, pre");
    if (frame && frame !== one) continue;
    const { left, right, width } = box(one);
    if (width && (right > wide + 1 || left < -1)) found.push(`${one.tagName} ${one.className}: ${left}..${right}`);
  }
  return found;
}

const channel = (value) => {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};
const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
function light(colour) {
  const [r, g, b] = rgb(colour).map(channel);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
function ground(element) {
  const at = element.closest(".box");
  if (at) return getComputedStyle(at.querySelector("rect")).fill;
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (rgb(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
}

// Texts with less contrast to their ground than WCAG's level AA asks of small type.
function faint() {
  const found = [];
  for (const one of document.querySelectorAll("svg.graph text, body *:not(svg *):not(script)")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own) continue;
    const style = getComputedStyle(one), ink = one.closest("svg") ? style.fill : style.color;
    const seen = contrast(ink, ground(one));
    if (seen < 4.5) found.push(`${one.tagName} ${one.getAttribute("class")}: ${seen.toFixed(2)}`);
  }
  return found;
}
