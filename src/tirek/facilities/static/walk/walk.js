/* A walk through the rooms that needs no connection. Which screen is shown follows from the address's hash; what is shown in
   it from what this phone keeps. */
import { make, show } from "./drawing.js";
import * as keeping from "./keeping.js";
import { flush, openRoom, reportRoom } from "./room.js";
import { drawRooms } from "./rooms.js";
import * as sending from "./sending.js";
import { choose, current, NAMES, say } from "./words.js";

const images = JSON.parse(document.getElementById("walk-images").textContent);
const world = { plan: null, records: new Map(), pictures: new Map(), images, changes: 0, drawState: () => {} };
let others = 0;

function languages() {
  const place = document.getElementById("walk-languages");
  place.replaceChildren(...Object.keys(NAMES).map((code) => make("button", {
    type: "button", lang: code, "aria-pressed": code === current() ? "true" : "false",
    onclick: () => {
      choose(code);
      languages();
      screen();
    },
  }, NAMES[code])));
}

/* What waits, in words: the first thing that a walker wants to know. */
function state() {
  const place = document.getElementById("walk-state");
  const rooms = [...world.records.values()].filter((one) => one.ready);
  const roomsSent = rooms.filter((one) => one.sent === one.uuid).length;
  const pictures = [...world.pictures.values()].flat();
  const picturesSent = pictures.filter((one) => one.sent).length;
  const refused = rooms.filter((one) => one.refused).length + pictures.filter((one) => one.refused).length;
  const waits = rooms.length - roomsSent + pictures.length - picturesSent;
  const lines = [];
  let look = "";
  if (!keeping.isSafe) {
    lines.push(say("not_saved"));
    look = "bad";
  } else if (sending.isSignedOut) {
    lines.push(say("signed_out"));
    look = "look";
  } else if (!sending.isConnected || !navigator.onLine) {
    lines.push(say("offline"));
    look = "look";
  }
  if (rooms.length) lines.push(say("rooms_sent", { sent: roomsSent, all: rooms.length }));
  if (pictures.length) lines.push(say("pictures_sent", { sent: picturesSent, all: pictures.length }));
  if (refused) {
    lines.push(say("some_refused", { n: refused }));
    look = "bad";
  }
  if (rooms.length && !waits && !look) {
    lines.push(say("all_sent"));
    look = "good";
  }
  if (others) lines.push(say("of_others", { n: others }));
  place.className = "walk-state " + look;
  const link = sending.isSignedOut ? make("a", { href: "/accounts/login/?next=/rooms/walk/" }, say("sign_in")) : null;
  place.replaceChildren(...lines.map((line) => make("span", {}, line)), ...(link ? [link] : []));
}

/* What the phone keeps, read anew; whatever is being written goes first, and a change meanwhile means reading again. */
async function read() {
  await flush();
  const user = keeping.currentUser();
  const before = world.changes;
  const plan = user ? (await keeping.plan(user)) || null : null;
  const records = plan ? await keeping.records(user) : [];
  const kept = plan ? await keeping.photographs(user) : [];
  others = plan ? await keeping.waitingOfOthers(user) : 0;
  if (world.changes !== before) return read();
  const pictures = new Map();
  for (const one of kept.sort((first, second) => first.at - second.at)) {
    if (!pictures.has(one.place)) pictures.set(one.place, []);
    pictures.get(one.place).push(one);
  }
  world.plan = plan;
  world.records = new Map(records.map((one) => [one.place, one]));
  world.pictures = pictures;
  return null;
}

/* What was sent in a walk that is closed by now is the server's alone. A plan older than the sending knows nothing of it. */
async function tidy() {
  for (const mine of [...world.records.values()]) {
    const pictures = world.pictures.get(mine.place) || [];
    const isKnown = mine.ready && mine.sent === mine.uuid && mine.walk && world.plan.gotAt > mine.sentAt;
    const isOver = isKnown && mine.walk !== world.plan.walk;
    if (!isOver || pictures.some((one) => !one.sent && !one.refused)) continue;
    await keeping.forgetRecord(mine.user, mine.place);
    for (const one of pictures) await keeping.forgetPhotograph(one.uuid);
    world.records.delete(mine.place);
    world.pictures.delete(mine.place);
  }
}

function screen() {
  state();
  const hash = decodeURIComponent(location.hash.slice(1));
  if (!world.plan) return drawNothing();
  if (hash === "new") return reportRoom(world);
  if (/^[rn]/.test(hash)) return openRoom(world, hash);
  return drawRooms(world, true);
}

function drawNothing() {
  show(make("h1", {}, say("page")), make("p", { class: "notice look" }, say(sending.isSignedOut ? "sign_in_first" : "first_time")),
    sending.isSignedOut ? make("p", {}, make("a", { class: "button", href: "/accounts/login/?next=/rooms/walk/" }, say("sign_in"))) : null);
}

async function news() {
  const before = world.plan && JSON.stringify([world.plan.heads, world.plan.rooms, world.plan.walk]);
  const isEditing = /^[rn]/.test(location.hash.slice(1));
  await read();
  if (world.plan) await tidy();
  const after = world.plan && JSON.stringify([world.plan.heads, world.plan.rooms, world.plan.walk]);
  state();
  if (!isEditing && (before !== after || after === null || !location.hash)) {
    if (world.plan) drawRooms(world, false);
    else drawNothing();
  }
}

world.drawState = state;
choose(current());
languages();
read().then(screen, () => {
  show(make("p", { class: "notice bad" }, say("no_storage")));
}).then(() => sending.start(news));
addEventListener("hashchange", () => read().then(screen));
if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/rooms/walk/worker.js", { scope: "/rooms/walk/" }).catch(() => {});
}
