/* One task a screen, an overview of all above it, and the last screen before handing in. */
import { make, paragraphs, show, tell } from "./drawing.js";
import * as keeping from "./keeping.js";
import { soon } from "./sending.js";
import { say } from "./words.js";

let draw = () => {};

export function whenChanged(how) {
  draw = how;
}

export function isAnswered(record, place) {
  const one = record.answers[place];
  return Boolean(one && one.value.trim());
}

function answer(seat, place, value, delay) {
  const record = keeping.change(seat, (kept) => {
    const before = kept.answers[place];
    if (before && before.value === value) return;
    if (kept.state !== "working" || kept.handIn) return;
    kept.answers[place] = { value, sequence: (before ? before.sequence : 0) + 1, sent: before ? before.sent : 0, at: Date.now() };
  });
  if (record) {
    drawStrip(record);
    draw();
    soon(delay);
  }
}

function go(seat, place) {
  keeping.change(seat, (kept) => (kept.place = place));
  open(seat);
}

export async function open(seat) {
  const items = await keeping.bookletOf(seat);
  const record = keeping.load(seat);
  if (!record || !items) return;
  if (record.place > items.length) drawEnd(record);
  else drawTask(record, items[record.place - 1]);
}

function strip(record) {
  const buttons = [];
  for (let place = 1; place <= record.n; place += 1) {
    const facts = [isAnswered(record, place) ? say("answered") : say("not_answered")];
    if (record.flags[place]) facts.push(say("marked"));
    buttons.push(make("li", {}, make("button", {
      type: "button", class: (isAnswered(record, place) ? "is-answered" : "") + (record.flags[place] ? " is-marked" : ""),
      "aria-current": record.place === place ? "step" : null,
      "aria-label": say("task", { n: place }) + ", " + facts.join(", "),
      onclick: () => go(record.seat, place),
    }, String(place))));
  }
  return make("nav", { id: "sit-strip", "aria-label": say("tasks") }, make("ol", {}, buttons));
}

function drawStrip(record) {
  const before = document.getElementById("sit-strip");
  if (!before) return;
  const scrolled = before.firstChild.scrollLeft;
  const made = strip(record);
  before.replaceWith(made);
  made.firstChild.scrollLeft = scrolled;
}

function drawTask(record, item) {
  const place = record.place;
  const heading = make("h1", { id: "task", tabindex: "-1" }, say("task_of", { n: place, total: record.n }));
  const flag = make("button", { type: "button", class: "button second", "aria-pressed": record.flags[place] ? "true" : "false",
    onclick: () => {
      const kept = keeping.change(record.seat, (now) => (now.flags[place] = !now.flags[place]));
      flag.setAttribute("aria-pressed", kept.flags[place] ? "true" : "false");
      flag.textContent = say(kept.flags[place] ? "unmark" : "mark");
      drawStrip(kept);
    } }, say(record.flags[place] ? "unmark" : "mark"));
  const last = place === record.n;
  show(
    strip(record),
    make("article", { class: "sit-task", lang: record.language },
      heading,
      make("div", { id: "stem", class: "sit-stem" }, paragraphs(item.stem)),
      item.pictures.map((one) => make("img", { src: one.source, alt: one.words })),
      control(record, place, item)),
    make("div", { class: "sit-move" },
      make("button", { type: "button", class: "button second", disabled: place === 1, onclick: () => go(record.seat, place - 1) },
        say("back")),
      flag,
      make("button", { type: "button", class: "button", onclick: () => go(record.seat, place + 1) },
        say(last ? "to_end" : "next"))));
  const here = document.querySelector("#sit-strip [aria-current]");
  if (here) here.scrollIntoView({ block: "nearest", inline: "center" });
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

const LEGENDS = { choice: "choose_one", choices: "choose_several", number: "your_number", word: "your_word", open: "your_text" };

function control(record, place, item) {
  const value = isAnswered(record, place) ? record.answers[place].value : "";
  const legend = say(LEGENDS[item.kind] || "your_text");
  if (item.kind === "choice" || item.kind === "choices") return options(record, place, item, value, legend);
  const write = (event) => answer(record.seat, place, event.target.value);
  const facts = { id: "answer", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "2000",
    "aria-describedby": "stem", oninput: write };
  const field = item.kind === "open"
    ? make("textarea", Object.assign({ rows: "6" }, facts))
    : make("input", Object.assign({ type: "text", inputmode: item.kind === "number" ? "decimal" : "text" }, facts));
  field.value = value;
  return make("div", { class: "field" }, make("label", { for: "answer" }, legend), field);
}

function options(record, place, item, value, legend) {
  const several = item.kind === "choices";
  const chosen = new Set(several ? value.split(",") : [value]);
  const set = make("fieldset", { class: "sit-options", "aria-describedby": "stem" }, make("legend", {}, legend));
  const read = () => {
    const on = Array.from(set.querySelectorAll("input:checked"), (one) => one.value);
    answer(record.seat, place, on.join(","), 600);
  };
  for (const one of item.options) {
    set.append(make("label", { class: "sit-option" },
      make("input", { type: several ? "checkbox" : "radio", name: "option", value: one.letter,
        checked: chosen.has(one.letter), onchange: read }),
      make("span", { class: "sit-letter" }, one.letter),
      make("span", {}, one.text)));
  }
  set.append(make("button", { type: "button", class: "button plain", onclick: () => {
    set.querySelectorAll("input").forEach((one) => (one.checked = false));
    read();
    const first = set.querySelector("input");
    if (first) first.focus();
  } }, say("clear")));
  return set;
}

function places(record, wanted) {
  const found = [];
  for (let place = 1; place <= record.n; place += 1) if (wanted(place)) found.push(place);
  return found;
}

function jumps(record, title, found) {
  if (!found.length) return null;
  return make("section", {}, make("h2", {}, say(title)),
    make("ul", { class: "sit-jumps" }, found.map((place) => make("li", {},
      make("button", { type: "button", class: "button second", "aria-label": say("task", { n: place }),
        onclick: () => go(record.seat, place) }, String(place))))));
}

function drawEnd(record) {
  const open = places(record, (place) => !isAnswered(record, place));
  const heading = make("h1", { tabindex: "-1" }, say("end"));
  show(strip(record), make("div", { class: "sit-end" },
    heading,
    open.length ? null : make("p", {}, say("all_answered")),
    jumps(record, "n_open", open),
    jumps(record, "n_marked", places(record, (place) => record.flags[place])),
    make("p", {}, say("hand_in_note")),
    make("div", { class: "buttons" },
      make("button", { type: "button", class: "button second", onclick: () => go(record.seat, record.n) }, say("back_to_tasks")),
      make("button", { type: "button", class: "button", onclick: () => handIn(record.seat, "pupil") }, say("hand_in")))));
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

/* Works without a connection: the wish is kept and delivered with the answers. */
export function handIn(seat, by) {
  keeping.change(seat, (kept) => {
    if (kept.state === "working" && !kept.handIn) kept.handIn = by;
  });
  soon(0);
  draw("state");
}

export function drawDone(record, isDelivered, next) {
  const key = record.doneBy === "supervisor" ? "closed_for_you"
    : record.handIn === "time" || record.doneBy === "time" ? "time_over" : "handed_in";
  const late = Object.keys(record.answers).some((place) => record.answers[place].late);
  const heading = make("h1", { tabindex: "-1" }, say(record.lost ? "lost_seat" : key));
  show(make("div", { class: "sit-end" },
    heading,
    record.lost ? null : make("p", { class: isDelivered ? "notice good" : "notice look" }, say(isDelivered ? "all_sent" : "to_be_sent")),
    late ? make("p", { class: "notice bad" }, say("some_late")) : null,
    make("div", { class: "buttons" },
      make("button", { type: "button", class: "button second", onclick: next }, say("next_pupil")))));
  heading.focus();
  tell(say(isDelivered ? "all_sent" : "to_be_sent"));
}

/* Page up and page down leaf through the tasks. */
export function keys(getRecord) {
  document.addEventListener("keydown", (event) => {
    const step = { PageDown: 1, PageUp: -1 }[event.key];
    const record = step ? getRecord() : null;
    if (!record || record.state !== "working" || record.handIn) return;
    const place = record.place + step;
    if (place < 1 || place > record.n + 1) return;
    event.preventDefault();
    go(record.seat, place);
  });
}
