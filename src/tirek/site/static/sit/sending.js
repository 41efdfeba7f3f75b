/* Sends what is not yet at the server, again and again until it is. Every answer has a sequence; the server keeps the
   highest, so that nothing is harmed by sending twice or out of order. */
import * as keeping from "./keeping.js";

const DEBOUNCE = 1200;
const QUIET = 45000;
const ENDING = 15000;
const SOONEST = 2000;
const LATEST = 60000;
let wait = SOONEST;
let timer = null;
let busy = false;
let again = false;
let onNews = () => {};

export let isConnected = true;

export async function post(address, body) {
  const stop = typeof AbortController === "undefined" ? null : new AbortController();
  const tooLong = stop && setTimeout(() => stop.abort(), 20000);
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      body: JSON.stringify(body),
      signal: stop ? stop.signal : undefined,
    });
    let found = {};
    try {
      found = await answer.json();
    } catch (error) {
      found = { code: "something" };
    }
    return { ok: answer.ok, status: answer.status, body: found };
  } finally {
    if (tooLong) clearTimeout(tooLong);
  }
}

export function unsent(record) {
  return Object.keys(record.answers).filter((place) => {
    const one = record.answers[place];
    return one.sequence > (one.sent || 0) && !one.late;
  });
}

export function isDelivered(record) {
  return record.lost || (unsent(record).length === 0 && (!record.handIn || record.state === "done"));
}

export function start(news) {
  onNews = news;
  addEventListener("online", () => soon(100));
  document.addEventListener("visibilitychange", () => soon(document.hidden ? 0 : 300));
  soon(0);
}

export function soon(delay) {
  if (timer !== null) clearTimeout(timer);
  timer = setTimeout(run, delay === undefined ? DEBOUNCE : delay);
}

async function run() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  again = false;
  let failed = false;
  const current = keeping.currentSeat();
  for (const seat of keeping.allSeats()) {
    const record = keeping.load(seat);
    if (!record || record.lost) continue;
    if (seat !== current && isDelivered(record)) {
      keeping.forget(seat);
      continue;
    }
    if (seat === current && record.state === "done" && isDelivered(record)) continue;
    if (!(await sendOne(record))) failed = true;
  }
  busy = false;
  isConnected = !failed;
  wait = failed ? Math.min(wait * 2, LATEST) : SOONEST;
  onNews(null);
  if (again) soon(50);
  else soon(failed ? wait * (0.7 + 0.6 * Math.random()) : pause(current));
}

function pause(current) {
  const record = current === null ? null : keeping.load(current);
  if (!record || record.state !== "working") return QUIET * 4;
  return (record.ends - Date.now() < 150000 ? ENDING : QUIET) * (0.8 + 0.4 * Math.random());
}

async function sendOne(record) {
  const places = unsent(record);
  const body = {
    seat: record.seat,
    token: record.token,
    clock: Date.now(),
    hand_in: record.handIn || "",
    answers: places.map((place) => {
      const one = record.answers[place];
      return { place: Number(place), value: one.value, sequence: one.sequence, at: one.at };
    }),
  };
  let answer;
  try {
    answer = await post("/sit/answers/", body);
  } catch (error) {
    return false;
  }
  if (answer.status === 403 && answer.body.code === "lost_seat") {
    keeping.change(record.seat, (kept) => (kept.lost = true));
    onNews("lost");
    return true;
  }
  if (!answer.ok) return false;
  take(record.seat, body, answer.body);
  return true;
}

function take(seat, sent, said) {
  let news = null;
  keeping.change(seat, (record) => {
    const ends = Date.now() + said.ends_in_ms;
    if (record.state === "working" && ends > record.ends + 30000) news = "more_time";
    record.ends = ends;
    if (record.handIn === "time" && said.state === "working" && said.ends_in_ms > 0) {
      record.handIn = "";
      news = "more_time";
    }
    if (said.state !== record.state) {
      record.state = said.state;
      record.doneBy = said.done_by;
      news = "state";
    }
    for (const place of Object.keys(said.kept)) {
      const one = record.answers[place];
      if (one) one.sent = Math.max(one.sent || 0, Math.min(said.kept[place], one.sequence));
    }
    for (const place of said.refused) {
      const one = record.answers[place];
      const was = sent.answers.find((row) => row.place === place);
      if (one && was && one.sequence === was.sequence) one.late = true;
    }
  });
  onNews(news);
}
