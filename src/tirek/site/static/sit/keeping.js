/* What is kept in this browser. Answers: localStorage, written at once, so that they outlive a killed browser. The
   booklet, which may hold pictures: IndexedDB. Several pupils may use one device after another: each seat has its own. */
const SEAT = "tirek-sit:seat:";
const CURRENT = "tirek-sit:current";
const memory = {};
export let isSafe = true;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch (error) {
    return memory[key] || null;
  }
}

function write(key, value) {
  memory[key] = value;
  try {
    localStorage.setItem(key, JSON.stringify(value));
    isSafe = true;
  } catch (error) {
    isSafe = false;
  }
}

function remove(key) {
  delete memory[key];
  try {
    localStorage.removeItem(key);
  } catch (error) {
    isSafe = false;
  }
}

export function currentSeat() {
  return read(CURRENT);
}

export function setCurrent(seat) {
  if (seat === null) remove(CURRENT);
  else write(CURRENT, seat);
}

export function load(seat) {
  return read(SEAT + seat);
}

export function save(record) {
  write(SEAT + record.seat, record);
}

/* Change a record as it now stands in the browser: another tab may have written since. */
export function change(seat, how) {
  const record = load(seat);
  if (!record) return null;
  how(record);
  save(record);
  return record;
}

export function forget(seat) {
  const record = load(seat);
  if (record && record.code) remove("tirek-sit:token:" + record.code);
  remove(SEAT + seat);
  remove("tirek-sit:booklet:" + seat);
  booklets("readwrite", (store) => store.delete(seat)).catch(() => {});
  delete memory["booklet" + seat];
}

export function allSeats() {
  const found = [];
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (key.startsWith(SEAT)) found.push(Number(key.slice(SEAT.length)));
    }
  } catch (error) {
    for (const key of Object.keys(memory)) if (key.startsWith(SEAT)) found.push(Number(key.slice(SEAT.length)));
  }
  return found;
}

/* A device's key: random, made before it is first sent, so that asking twice is asking once. */
export function tokenFor(code) {
  const key = "tirek-sit:token:" + code;
  let token = read(key);
  if (!token) {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    token = btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
    write(key, token);
  }
  return token;
}

function booklets(mode, what) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("tirek-sit", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("booklets");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction("booklets", mode);
      const asked = what(change.objectStore("booklets"));
      change.oncomplete = () => {
        opening.result.close();
        resolve(asked.result);
      };
      change.onerror = () => reject(change.error);
    };
  });
}

export async function keepBooklet(seat, items) {
  memory["booklet" + seat] = items;
  try {
    await booklets("readwrite", (store) => store.put(items, seat));
  } catch (error) {
    write("tirek-sit:booklet:" + seat, items);
  }
}

export async function bookletOf(seat) {
  if (memory["booklet" + seat]) return memory["booklet" + seat];
  try {
    return (await booklets("readonly", (store) => store.get(seat))) || read("tirek-sit:booklet:" + seat);
  } catch (error) {
    return read("tirek-sit:booklet:" + seat);
  }
}
