/* One room: how it is, what is there, photographs. Everything is kept at once; "done" lets it go to the server. */
import { make, show, tell } from "./drawing.js";
import * as keeping from "./keeping.js";
import { here, prepare, PictureRefused } from "./pictures.js";
import { places, titleOf } from "./rooms.js";
import * as sending from "./sending.js";
import { atTime, named, say } from "./words.js";

const CONDITIONS = ["good", "fair", "poor", "unusable"];
const CHANGE_WAIT = 250;

/* The record of a room on this phone, or a new one that knows what the server has. */
function begin(world, place, room) {
  const mine = world.records.get(place);
  const heads = (world.plan.heads || {})[place] || [];
  const isOld = mine && mine.ready && mine.sent === mine.uuid && heads.length && !heads.some((head) => head.uuid === mine.uuid);
  if (mine && !isOld) return mine;  // else another phone has looked since: begin with what it found
  const last = heads[0] || {};
  return {
    user: world.plan.user, place, uuid: keeping.newUuid(), at: Date.now(), ready: false, sent: "", refused: "",
    arrived: mine ? mine.arrived : "", condition: last.condition || "", isAbsent: Boolean(last.is_absent), counts: { ...(last.counts || {}) },
    note: last.note || "", seen: heads.map((head) => head.uuid), reported: room.isNew ? reportedOf(room) : null,
  };
}

const reportedOf = (room) => ({
  building: room.building || "", number: room.number || "", name: room.name || "", purpose: room.purpose || "",
  floor: room.floor === undefined || room.floor === "" ? null : room.floor,
});

/* Once something of a sent record changes it is a new finding, which knows the one before. */
function renew(record) {
  if (!record.ready) return;
  if (!record.seen.includes(record.uuid)) record.seen.push(record.uuid);
  record.seen = record.seen.slice(-15);
  record.uuid = keeping.newUuid();
  record.ready = false;
  record.refused = "";
}

export function openRoom(world, place) {
  const found = places(world).find((one) => one.place === place);
  const room = found ? found.room : { isNew: true };
  const heads = (world.plan.heads || {})[place] || [];
  const record = begin(world, place, room);
  const isTold = !world.records.has(place) || record.sent === record.uuid;
  if (heads.length > 1 && isTold) return drawConflict(world, place, room, heads);
  return drawForm(world, place, room, record);
}

export function reportRoom(world) {
  const place = "n" + keeping.newUuid();
  const building = world.plan.buildings[0];
  drawForm(world, place, { isNew: true, building: building ? building.code : "" }, begin(world, place, {
    isNew: true, building: building ? building.code : "",
  }));
}

function keep(world, record) {
  renew(record);
  record.at = Date.now();
  world.records.set(record.place, record);
  world.changes += 1;
  clearTimeout(keep.timer);
  keep.last = () => keeping.keepRecord(record).catch(() => tell(say("not_saved"))).then(() => world.drawState());
  keep.timer = setTimeout(() => keep.flush(), CHANGE_WAIT);
}
keep.flush = () => {
  clearTimeout(keep.timer);
  const last = keep.last;
  keep.last = null;
  return last ? last() : Promise.resolve();
};
export const flush = () => keep.flush();
addEventListener("pagehide", () => keep.flush());
document.addEventListener("visibilitychange", () => document.hidden && keep.flush());

function drawForm(world, place, room, record) {
  const wanted = room.isNew ? (world.plan.wanted || {})[(record.reported || {}).purpose] || {} : room.wanted || {};
  const heading = make("h1", { tabindex: "-1" }, room.isNew && !room.number ? say("new_room") : titleOf(room));
  const fault = make("p", { class: "notice bad", role: "alert", hidden: true });
  const rest = make("div", {});
  const drawRest = () => rest.replaceChildren(...(record.isAbsent ? [] : [
    conditions(world, record), counts(world, record, wanted), pictures(world, place, record),
  ]));
  drawRest();
  show(
    make("p", {}, make("a", { href: "#", class: "walk-back" }, say("back"))),
    heading,
    room.isNew ? reportedFields(world, record, () => drawForm(world, place, room, record))
      : make("p", { class: "soft" }, named(world.plan.purposes[room.purpose]) + (room.places ? " · " + say("n_places", { n: room.places }) : "")),
    record.refused ? make("p", { class: "notice bad" }, record.refused) : null,
    fault,
    room.isNew ? null : make("label", { class: "walk-check" }, make("input", {
      type: "checkbox", checked: record.isAbsent, onchange: (event) => {
        record.isAbsent = event.target.checked;
        keep(world, record);
        drawRest();
      },
    }), say("is_absent")),
    rest,
    noteField(world, record),
    make("div", { class: "buttons walk-done" },
      make("button", { type: "button", class: "button", onclick: () => finish(world, record, fault) }, say("done")),
      make("a", { class: "button plain", href: "#" }, say("later"))));
  heading.focus();
}

function conditions(world, record) {
  return make("fieldset", { class: "walk-conditions" },
    make("legend", {}, say("how_is_it")),
    CONDITIONS.map((code) => make("label", { class: "walk-condition" },
      make("input", { type: "radio", name: "condition", value: code, checked: record.condition === code, onchange: () => {
        record.condition = code;
        keep(world, record);
      } }),
      make("img", { src: world.images[code], alt: "", width: "96", height: "72" }),
      make("span", {}, make("strong", {}, say("condition_" + code)), make("span", { class: "small" }, say("condition_" + code + "_means"))))));
}

function counts(world, record, wanted) {
  const items = Object.keys(wanted);
  if (!items.length) return make("p", { class: "soft" }, say("no_standard"));
  return make("fieldset", { class: "walk-counts" },
    make("legend", {}, say("what_is_there")),
    make("p", { class: "hint" }, say("count_help")),
    items.map((item) => {
      const id = "count-" + item;
      const input = make("input", {
        id, type: "number", inputmode: "numeric", min: "0", max: "10000", step: "1", "aria-describedby": id + "-wanted",
        value: item in record.counts ? String(record.counts[item]) : "",
      });
      const set = (number) => {
        if (number === null) delete record.counts[item];
        else record.counts[item] = Math.max(0, Math.min(10000, number));
        if (number !== null) input.value = String(record.counts[item]);
        keep(world, record);
      };
      input.addEventListener("input", () => {
        const typed = input.value.trim();
        set(typed === "" || !Number.isFinite(Number(typed)) ? null : Math.trunc(Number(typed)));
      });
      const step = (by) => () => set((item in record.counts ? record.counts[item] : 0) + by);
      const name = named(world.plan.items[item]);
      return make("div", { class: "walk-item" },
        make("label", { for: id }, name),
        make("span", { id: id + "-wanted", class: "soft small" }, say("should_be", { n: wanted[item] })),
        make("span", { class: "walk-stepper" },
          make("button", { type: "button", class: "button second", "aria-label": say("one_less", { item: name }), onclick: step(-1) }, "−"),
          input,
          make("button", { type: "button", class: "button second", "aria-label": say("one_more", { item: name }), onclick: step(1) }, "+"),
          make("button", { type: "button", class: "button second", "aria-label": say("all_there_of", { item: name }), onclick: () => set(wanted[item]) }, say("all_there"))));
    }));
}

function noteField(world, record) {
  const area = make("textarea", { id: "note", maxlength: "2000", rows: "3" });
  area.value = record.note;
  area.addEventListener("input", () => {
    record.note = area.value;
    keep(world, record);
  });
  return make("div", { class: "field" }, make("label", { for: "note" }, say("note")), area);
}

function reportedFields(world, record, redraw) {
  const said = record.reported;
  const text = (name, label, most) => make("div", { class: "field" }, make("label", { for: "reported-" + name }, say(label)),
    make("input", { id: "reported-" + name, value: said[name] === null ? "" : said[name], maxlength: most, oninput: (event) => {
      said[name] = event.target.value;
      keep(world, record);
    } }));
  const choice = (name, label, options, changed) => make("div", { class: "field" }, make("label", { for: "reported-" + name }, say(label)),
    make("select", { id: "reported-" + name, onchange: (event) => {
      said[name] = event.target.value;
      keep(world, record);
      if (changed) changed();
    } }, options.map(([value, words]) => make("option", { value, selected: said[name] === value }, words))));
  const purposes = Object.entries(world.plan.purposes).map(([code, names]) => [code, named(names)]).sort((a, b) => (a[1] < b[1] ? -1 : 1));
  return make("div", { class: "card" },
    make("p", {}, say("reported_help")),
    text("number", "number", "16"),
    choice("purpose", "purpose", [["", say("choose")], ...purposes], redraw),
    choice("building", "building", world.plan.buildings.map((one) => [one.code, one.name])),
    make("div", { class: "field" }, make("label", { for: "reported-floor" }, say("floor")),
      make("input", { id: "reported-floor", type: "number", min: "-5", max: "100", value: said.floor === null ? "" : String(said.floor), oninput: (event) => {
        said.floor = event.target.value === "" ? null : Math.trunc(Number(event.target.value));
        keep(world, record);
      } })));
}

function pictures(world, place, record) {
  const list = make("ul", { class: "walk-pictures" });
  const words = make("p", { class: "small", role: "status" });
  const where = make("input", { type: "checkbox", id: "keep-place" });
  const input = make("input", { id: "picture", type: "file", accept: "image/*,.heic,.heif", multiple: true });
  const draw = () => list.replaceChildren(...(world.pictures.get(place) || []).map((one) => picture(world, place, one, draw)));
  input.addEventListener("change", async () => {
    if (input.disabled || !input.files.length) return;  // some browsers tell of one choice twice
    const files = [...input.files];
    const faults = [];
    input.disabled = true;
    const spot = where.checked ? await here() : null;
    for (let n = 0; n < files.length; n += 1) {
      words.textContent = say("preparing", { n: n + 1, all: files.length });
      try {
        await add(world, place, record, files[n], where.checked, spot);
      } catch (error) {
        const key = error instanceof PictureRefused ? error.key : "not_saved";
        faults.push(say("picture_" + key, { name: files[n].name }));
      }
      draw();
    }
    input.value = "";
    input.disabled = false;
    words.replaceChildren(...(faults.length ? faults.map((text) => make("span", { class: "notice bad walk-fault" }, text)) : [say("pictures_kept")]));
  });
  draw();
  return make("fieldset", { class: "walk-photographs" },
    make("legend", {}, say("pictures")),
    make("p", { class: "hint" }, say("pictures_help")),
    make("label", { class: "button second", for: "picture" }, say("add_pictures")), input,
    make("label", { class: "walk-check" }, where, say("keep_place")),
    words, list);
}

async function add(world, place, record, file, keepPlace, spot) {
  const source = `${file.name}|${file.size}|${file.lastModified}`;
  if ((world.pictures.get(place) || []).some((one) => one.source === source)) return;  // chosen before
  const made = await prepare(file);
  const one = {
    uuid: keeping.newUuid(), source, user: world.plan.user, place, blob: made.blob, small: made.small, name: file.name || "photo.jpg",
    at: Math.min(Date.now(), file.lastModified || Date.now()), keepPlace, where: spot, sent: false, refused: "",
  };
  await keeping.keepPhotograph(one);
  world.changes += 1;
  if (!world.records.has(place)) keep(world, record);
  if (!world.pictures.has(place)) world.pictures.set(place, []);
  if (!world.pictures.get(place).some((other) => other.uuid === one.uuid)) world.pictures.get(place).push(one);
  world.drawState();
  sending.soon();
}

function picture(world, place, one, draw) {
  const remove = async () => {
    await keeping.forgetPhotograph(one.uuid);
    world.changes += 1;
    world.pictures.set(place, world.pictures.get(place).filter((other) => other !== one));
    draw();
    world.drawState();
  };
  return make("li", {},
    one.small ? make("img", { src: one.small, alt: one.name, width: "96" }) : make("span", { class: "walk-nopicture" }, one.name),
    make("span", { class: "badge " + (one.refused ? "bad" : one.sent ? "good" : "fair") },
      one.refused ? say("state_refused") : one.sent ? say("state_sent") : say("state_waiting")),
    one.refused ? make("span", { class: "small" }, one.refused) : null,
    one.sent ? null : make("button", { type: "button", class: "button plain", onclick: remove }, say("remove")));
}

async function finish(world, record, fault) {
  const key = record.isAbsent ? "" : record.reported && !String(record.reported.number).trim() ? "fault_number"
    : record.reported && !record.reported.purpose ? "fault_purpose" : record.condition ? "" : "fault_condition";
  if (key) {
    fault.hidden = false;
    fault.textContent = say(key);
    fault.scrollIntoView({ block: "center" });
    return;
  }
  if (!record.ready) {
    keep(world, record);
    record.ready = true;
    await keep.flush();
    sending.soon();
  }
  const all = places(world);
  const from = all.findIndex((one) => one.place === record.place);
  const next = all.slice(from + 1).find((one) => !world.records.has(one.place) && !((world.plan.heads || {})[one.place] || []).length);
  tell(say("kept"));
  location.hash = next ? next.place : "";
}

/* Two findings that did not know of each other: both are shown, a person takes one. */
function drawConflict(world, place, room, heads) {
  const heading = make("h1", { tabindex: "-1" }, titleOf(room));
  show(
    make("p", {}, make("a", { href: "#", class: "walk-back" }, say("back"))),
    heading,
    make("p", { class: "notice look" }, say("two_versions")),
    heads.map((head) => make("section", { class: "card" },
      make("h2", {}, say("version_of", { who: head.by, time: atTime(head.at) })),
      make("dl", {},
        make("dt", {}, say("how_is_it")), make("dd", {}, head.is_absent ? say("is_absent") : say("condition_" + head.condition)),
        Object.entries(head.counts).flatMap(([item, n]) => [make("dt", {}, named(world.plan.items[item]) || item), make("dd", {}, String(n))]),
        head.note ? [make("dt", {}, say("note")), make("dd", {}, head.note)] : []),
      make("button", { type: "button", class: "button", onclick: () => takeOne(world, place, head, heads) }, say("take_this")))));
  heading.focus();
}

async function takeOne(world, place, head, heads) {
  const record = {
    user: world.plan.user, place, uuid: keeping.newUuid(), at: Date.now(), ready: true, sent: "", refused: "",
    arrived: (world.records.get(place) || {}).arrived || "", condition: head.condition, isAbsent: head.is_absent,
    counts: head.counts, note: head.note, seen: heads.map((one) => one.uuid),
    reported: place.startsWith("n") ? head.reported : null,
  };
  world.records.set(place, record);
  await keeping.keepRecord(record);
  sending.soon();
  tell(say("kept"));
  location.hash = "";
}
