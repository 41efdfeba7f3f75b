/* Before the tasks: the code, and whether it is the right pupil. */
import { make, show, tell } from "./drawing.js";
import * as keeping from "./keeping.js";
import { post } from "./sending.js";
import { choose, current, has, isChosen, say } from "./words.js";

const SIGNS = "23456789ACEHKMPTXY";
const CYRILLIC = { А: "A", С: "C", Е: "E", Н: "H", К: "K", М: "M", Р: "P", Т: "T", Х: "X", У: "Y" };

export function readCode(typed) {
  const text = typed.toUpperCase().replace(/[\s–-]/g, "").replace(/[А-Я]/g, (sign) => CYRILLIC[sign] || sign);
  if (text.length !== 9) return null;
  let factor = 1;
  let total = 0;
  for (let i = text.length - 1; i >= 0; i -= 1) {
    const value = factor * SIGNS.indexOf(text[i]);
    if (value < 0) return null;
    total += Math.floor(value / SIGNS.length) + (value % SIGNS.length);
    factor = 3 - factor;
  }
  return total % SIGNS.length === 0 ? text : null;
}

function faultOf(answer) {
  if (!answer) return "no_connection";
  if (answer.body.code === "time_over") return "over";
  return has(answer.body.code) ? answer.body.code : "something";
}

export function askCode(begun, typed, fault) {
  const input = make("input", {
    id: "code", name: "code", value: typed || "", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    maxlength: "20", required: true, "aria-describedby": fault ? "code-help code-fault" : "code-help",
    "aria-invalid": fault ? "true" : null,
  });
  const button = make("button", { class: "button" }, say("go_on"));
  const form = make("form", { class: "sit-entry", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    look(input.value, begun, button);
  } },
    make("h1", {}, say("enter")),
    make("div", { class: "field" + (fault ? " invalid" : "") },
      make("label", { for: "code" }, say("code")),
      make("p", { id: "code-help", class: "hint" }, say("code_help")),
      fault ? make("p", { id: "code-fault", class: "error" }, say(fault)) : null,
      input),
    make("div", { class: "buttons" }, button));
  show(form);
  input.focus();
  if (fault) tell(say(fault));
}

async function look(typed, begun, button) {
  const code = readCode(typed);
  if (!code) return askCode(begun, typed, "no_code");
  button.disabled = true;
  button.textContent = say("wait");
  const answer = await post("/sit/look/", { code }).catch(() => null);
  if (!answer || !answer.ok) return askCode(begun, typed, faultOf(answer));
  return confirm(code, answer.body, begun);
}

function confirm(code, found, begun, fault) {
  const rows = [
    ["initials", found.initials], ["class", found.class], ["number", found.number],
    ["test", found.titles[current()] || found.titles.kk], ["n_items", found.n_items], ["minutes", found.minutes],
  ];
  const goes = found.state === "working";
  const button = make("button", { class: "button", type: "button", onclick: () => begin(code, found, begun, button) },
    say(goes ? "yes_go_on" : "yes_begin"));
  const heading = make("h1", { tabindex: "-1" }, say("is_it_you"));
  show(make("div", { class: "sit-entry" },
    heading,
    fault ? make("p", { class: "notice bad" }, say(fault)) : null,
    make("dl", { class: "sit-who" }, rows.filter((row) => row[1] !== "").map(([key, value]) =>
      make("div", {}, make("dt", {}, say(key)), make("dd", {}, String(value))))),
    goes ? null : make("p", {}, say("time_runs")),
    make("div", { class: "buttons" }, button,
      make("button", { class: "button second", type: "button", onclick: () => askCode(begun) }, say("not_me")))));
  heading.focus();
  if (fault) tell(say(fault));
}

async function begin(code, found, begun, button) {
  button.disabled = true;
  button.textContent = say("wait");
  const token = keeping.tokenFor(code);
  const answer = await post("/sit/begin/", { code, token }).catch(() => null);
  if (!answer || !answer.ok) return confirm(code, found, begun, faultOf(answer));
  const body = answer.body;
  const before = keeping.load(body.seat);
  const record = {
    seat: body.seat, token, code, titles: body.titles, initials: body.initials, language: body.language,
    n: body.items.length, ends: Date.now() + body.ends_in_ms, state: body.state, doneBy: "", handIn: "",
    place: before && before.token === token ? before.place : 1, flags: before ? before.flags : {}, answers: {},
  };
  merge(record, body.answers, before);
  await keeping.keepBooklet(body.seat, body.items);
  keeping.save(record);
  keeping.setCurrent(body.seat);
  if (!isChosen()) choose(body.language, false);
  return begun();
}

/* What the server has, and what this browser has and has not yet sent: the later one of each. */
function merge(record, fromServer, before) {
  for (const place of Object.keys(fromServer)) {
    const one = fromServer[place];
    record.answers[place] = { value: one.value, sequence: one.sequence, sent: one.sequence, at: Date.now() };
  }
  if (!before || before.token !== record.token) return;
  for (const place of Object.keys(before.answers)) {
    const mine = before.answers[place];
    if (!record.answers[place] || mine.sequence > record.answers[place].sequence) record.answers[place] = mine;
  }
}
