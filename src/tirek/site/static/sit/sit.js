/* A test on a computer that survives a lost connection. Which screen is shown follows from what the browser keeps. */
import * as clock from "./clock.js";
import { make, tell } from "./drawing.js";
import { askCode } from "./entry.js";
import * as keeping from "./keeping.js";
import * as sending from "./sending.js";
import * as tasks from "./tasks.js";
import { NAMES, choose, current, say } from "./words.js";

let drawnDone = "";

function record() {
  const seat = keeping.currentSeat();
  return seat === null ? null : keeping.load(seat);
}

function languages() {
  const place = document.getElementById("sit-languages");
  place.replaceChildren(...Object.keys(NAMES).map((code) => make("button", {
    type: "button", lang: code, "aria-pressed": code === current() ? "true" : "false",
    onclick: () => {
      choose(code, true);
      screen();
    },
  }, NAMES[code])));
}

function facts(found, left) {
  const place = document.getElementById("sit-facts");
  if (!found || found.state !== "working" || found.handIn) {
    place.replaceChildren(make("strong", {}, "Tirek"));
    return;
  }
  const time = left < 60000 ? say("seconds_left", { seconds: Math.max(0, Math.ceil(left / 1000)) })
    : say("time_left", { minutes: Math.ceil(left / 60000) });
  const shown = place.querySelector("[role=timer]");
  if (shown) {
    if (shown.textContent !== time) shown.textContent = time;
    shown.classList.toggle("is-short", left < 300000);
    return;
  }
  place.replaceChildren(
    make("span", { class: "sit-name" }, found.initials),
    make("span", { role: "timer", "aria-live": "off", class: left < 300000 ? "is-short" : "" }, time));
}

function state() {
  const place = document.getElementById("sit-state");
  const found = record();
  let key = "";
  if (found && !keeping.isSafe) key = "not_saved";
  else if (found && !sending.isDelivered(found)) key = sending.isConnected && navigator.onLine ? "saved_here" : "offline";
  else if (found && found.state === "working") key = sending.isConnected && navigator.onLine ? "sent" : "offline";
  const look = { "": "", sent: "good", saved_here: "", offline: "look", not_saved: "bad" }[key];
  if (place.dataset.key === key + current()) return;
  place.dataset.key = key + current();
  place.className = "sit-state " + look;
  place.textContent = key ? say(key) : "";
}

function screen() {
  const found = record();
  languages();
  document.getElementById("sit-facts").replaceChildren();
  facts(found, found ? clock.left(found) : 0);
  document.getElementById("sit-state").dataset.key = "";
  state();
  if (!found) return askCode(screen);
  if (found.lost || found.handIn || found.state === "done") {
    clock.stop();
    drawnDone = String(sending.isDelivered(found)) + found.state;
    return tasks.drawDone(found, sending.isDelivered(found), next);
  }
  drawnDone = "";
  tasks.open(found.seat);
  clock.start(record, (left) => facts(found, left), (minutes) => tell(say("time_left", { minutes })), () => {
    tasks.handIn(found.seat, "time");
  });
  return null;
}

function next() {
  const found = record();
  keeping.setCurrent(null);
  if (found && sending.isDelivered(found)) keeping.forget(found.seat);
  sending.soon(0);
  screen();
}

function news(what) {
  state();
  const found = record();
  if (!found) return;
  const done = String(sending.isDelivered(found)) + found.state;
  if (what === "more_time") {
    tell(say("more_time"));
    screen();
  } else if (what === "state" || what === "lost" || (drawnDone && drawnDone !== done)) screen();
}

choose(current(), false);
tasks.whenChanged((what) => (what === "state" ? screen() : state()));
tasks.keys(record);
screen();
sending.start(news);
addEventListener("offline", state);
addEventListener("storage", (event) => {
  if (event.key === "tirek-sit:current") screen();
});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sit/worker.js", { scope: "/sit/" }).catch(() => {});
