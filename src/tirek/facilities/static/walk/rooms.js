/* The list of rooms: what is seen, what waits, what two phones say differently. */
import { make, show } from "./drawing.js";
import { current, named, say } from "./words.js";

const LOOKS = { conflict: "look", refused: "bad", waiting: "fair", draft: "fair", sent: "good", elsewhere: "good", none: "" };
let only = "all";

/* How a room stands, in one word. */
export function stateOf(place, world) {
  const mine = world.records.get(place);
  const heads = (world.plan.heads || {})[place] || [];
  if (mine && mine.refused) return "refused";
  if (mine && !mine.ready) return "draft";
  if (heads.length > 1 && !(mine && mine.sent !== mine.uuid)) return "conflict";
  if (mine && mine.sent !== mine.uuid) return "waiting";
  if (heads.length) return mine && heads.some((head) => head.uuid === mine.uuid) ? "sent" : "elsewhere";
  if (mine) return "sent";
  return "none";
}

export function places(world) {
  const known = world.plan.rooms.map((room) => ({ place: "r" + room.id, room }));
  const reported = new Map();
  for (const [place, heads] of Object.entries(world.plan.heads || {})) {
    if (place.startsWith("n") && heads.length) reported.set(place, heads[0].reported);
  }
  for (const mine of world.records.values()) if (mine.place.startsWith("n")) reported.set(mine.place, mine.reported);
  for (const [place, said] of reported) known.push({ place, room: { ...said, isNew: true } });
  return known;
}

export function titleOf(room) {
  if (!room.number) return say("new_room");
  return room.name ? say("room_named", { number: room.number, name: room.name }) : say("room", { number: room.number });
}

export function drawRooms(world, open) {
  const all = places(world);
  const seen = all.filter((one) => !["none", "draft"].includes(stateOf(one.place, world)));
  const shown = only === "all" ? all : all.filter((one) => !seen.includes(one));
  const heading = make("h1", { tabindex: "-1" }, named(world.plan.institution.names));
  const groups = new Map();
  for (const one of shown) {
    const key = `${one.room.building || ""}|${one.room.floor === null || one.room.floor === undefined ? "" : one.room.floor}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  show(
    heading,
    make("p", { class: "walk-count" }, say("seen_of", { seen: seen.length, all: all.length })),
    make("progress", { value: String(seen.length), max: String(Math.max(all.length, 1)), "aria-hidden": "true" }),
    make("div", { class: "walk-filter", role: "group", "aria-label": say("which") },
      ["all", "left"].map((which) => make("button", {
        type: "button", class: "button second", "aria-pressed": only === which ? "true" : "false",
        onclick: () => {
          only = which;
          drawRooms(world, open);
        },
      }, say(which === "all" ? "all_rooms" : "rooms_left")))),
    shown.length ? null : make("p", { class: "empty" }, say("all_seen")),
    [...groups].map(([key, rooms]) => group(key, rooms, world)),
    make("div", { class: "buttons" },
      make("a", { class: "button second", href: "#new" }, say("report_room")),
      make("a", { class: "button", href: `/rooms/schools/${encodeURIComponent(world.plan.institution.code)}/walk/` }, say("finish"))),
    make("p", { class: "soft small" }, say("finish_help")));
  if (open) heading.focus();
}

function group(key, rooms, world) {
  const [code, floor] = key.split("|");
  const building = world.plan.buildings.find((one) => one.code === code);
  const name = building ? building.name : "";
  const title = floor === "" ? name : say("building_floor", { building: name, floor });
  return make("section", {},
    make("h2", {}, title),
    make("ul", { class: "walk-rooms" }, rooms.map((one) => {
      const state = stateOf(one.place, world);
      const pictures = (world.pictures.get(one.place) || []).length || (world.plan.photographs || {})[one.place] || 0;
      return make("li", {}, make("a", { href: "#" + one.place },
        make("span", { class: "walk-number" }, titleOf(one.room)),
        make("span", { class: "soft" }, named(world.plan.purposes[one.room.purpose])),
        make("span", { class: "walk-marks" },
          make("span", { class: "badge " + LOOKS[state] }, say("state_" + state)),
          one.room.isNew ? make("span", { class: "badge" }, say("not_in_register")) : null,
          pictures ? make("span", { class: "small" }, say("n_pictures", { n: pictures })) : null)));
    })));
}

export function language() {
  return current();
}
