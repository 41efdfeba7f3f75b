/* Sends what is not yet at the server, again and again until it is: first what was found in the rooms, then their
   photographs, one by one. Everything carries a name of its own, so sending twice is sending once. */
import * as keeping from "./keeping.js";

const SOONEST = 3000;
const LATEST = 60000;
const QUIET = 60000;
const AT_ONCE = 20;
let wait = SOONEST;
let timer = null;
let busy = false;
let again = false;
let token = "";
let onNews = () => {};
export let isConnected = navigator.onLine;
export let isSignedOut = false;

class SignedOut extends Error {}

async function call(address, options) {
  const stop = new AbortController();
  const tooLong = setTimeout(() => stop.abort(), 90000);
  try {
    const answer = await fetch(address, { redirect: "manual", signal: stop.signal, ...options });
    if (answer.type === "opaqueredirect") throw new SignedOut();
    let body = null;
    try {
      body = await answer.json();
    } catch (error) {
      body = null;
    }
    return { ok: answer.ok && body !== null, status: answer.status, body };
  } finally {
    clearTimeout(tooLong);
  }
}

/* The school as the server knows it now. Another user's plan replaces nothing: each has their own. */
export async function refreshPlan() {
  const answer = await call("/rooms/walk/plan/", { headers: { Accept: "application/json" } });
  if (!answer.ok) return null;
  token = answer.body.token;
  const found = { ...answer.body, token: undefined, gotAt: Date.now() };
  await keeping.keepPlan(found);
  keeping.setCurrentUser(found.user);
  isSignedOut = false;
  return found;
}

async function post(address, body, headers) {
  if (!token) await refreshPlan();
  const send = () => call(address, { method: "POST", body, headers: { ...headers, "X-CSRFToken": token } });
  let answer = await send();
  if (answer.status === 403 && !answer.body) {
    await refreshPlan();  // the key of the form was renewed by signing in again
    answer = await send();
  }
  return answer;
}

export function start(news) {
  onNews = news;
  addEventListener("online", () => soon(100));
  addEventListener("offline", () => {
    isConnected = false;
    onNews();
  });
  document.addEventListener("visibilitychange", () => soon(document.hidden ? 0 : 300));
  soon(0);
}

export function soon(delay) {
  if (timer !== null) clearTimeout(timer);
  timer = setTimeout(run, delay === undefined ? 400 : delay);
}

/* One tab at a time, so that a photograph is not carried twice over a thin line. */
function alone(what) {
  if (!navigator.locks) return what();
  return navigator.locks.request("tirek-walk", { ifAvailable: true }, (lock) => (lock ? what() : "elsewhere"));
}

async function run() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  again = false;
  let failed = false;
  try {
    await alone(sendAll);
    isConnected = true;
  } catch (error) {
    failed = true;
    if (error instanceof SignedOut) {
      isSignedOut = true;
      isConnected = true;
    } else isConnected = false;
  }
  busy = false;
  wait = failed ? Math.min(wait * 2, LATEST) : SOONEST;
  onNews();
  if (again) soon(50);
  else soon(failed ? wait * (0.7 + 0.6 * Math.random()) : QUIET);
}

async function sendAll() {
  const plan = await refreshPlan();
  if (plan === null) throw new Error("no plan");
  onNews();
  if (await sendRooms(plan.user)) await refreshPlan();  // what others say of these rooms
  onNews();
  await sendPhotographs(plan.user);
}

async function sendRooms(user) {
  const waiting = (await keeping.records(user)).filter(keeping.isWaiting);
  for (let from = 0; from < waiting.length; from += AT_ONCE) {
    const part = waiting.slice(from, from + AT_ONCE);
    const body = JSON.stringify({ clock: Date.now(), device: keeping.device(), findings: part.map(said) });
    const answer = await post("/rooms/walk/findings/", body, { "Content-Type": "application/json" });
    if (!answer.ok) throw new Error(String(answer.status));
    for (const one of answer.body.findings) {
      const was = part.find((room) => room.uuid === one.uuid);
      if (was) await keeping.changeRecord(user, was.place, (room) => take(room, one));
    }
    onNews();
  }
  return waiting.length > 0;
}

function said(room) {
  return {
    uuid: room.uuid, place: room.place, at: room.at, condition: room.condition, is_absent: room.isAbsent,
    counts: room.counts, note: room.note, reported: room.reported || {}, seen: room.seen,
  };
}

function take(room, one) {
  if (room.uuid !== one.uuid) {
    if (one.state !== "refused" && !room.seen.includes(one.uuid)) room.seen.push(one.uuid);  // changed while it was under way
    if (one.state !== "refused") room.arrived = one.uuid;
    return;
  }
  if (one.state === "refused") {
    room.refused = one.message;
    return;
  }
  room.refused = "";
  room.sent = one.uuid;
  room.arrived = one.uuid;
  room.walk = one.walk;
  room.sentAt = Date.now();
}

async function sendPhotographs(user) {
  const rooms = new Map((await keeping.records(user)).map((room) => [room.place, room]));
  for (const one of await keeping.photographs(user)) {
    if (one.sent || one.refused) continue;
    const room = rooms.get(one.place);
    if (!room || !room.arrived) continue;
    const form = new FormData();
    form.append("uuid", one.uuid);
    form.append("finding", room.arrived);
    form.append("at", String(one.at));
    form.append("clock", String(Date.now()));
    if (one.where) form.append("where", one.where.join(","));
    if (one.keepPlace) form.append("keep_place", "1");
    form.append("file", one.blob, one.name);
    const answer = await post("/rooms/walk/photographs/", form, {});
    if (answer.ok) {
      await keeping.changePhotograph(one.uuid, (kept) => {
        kept.sent = true;
        delete kept.blob;  // the phone's room is dear; the small picture stays
      });
    } else if (answer.body && answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      await keeping.changePhotograph(one.uuid, (kept) => (kept.refused = answer.body.message));
    } else throw new Error(String(answer.status));
    onNews();
  }
}
