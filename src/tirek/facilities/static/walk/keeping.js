/* What is kept on this phone, all of it in IndexedDB: the plan of the school, a record for each room that was looked at,
   and the photographs with their bytes. A record is kept at every change, so that a killed browser loses nothing. What one
   user has kept is sent under nobody else's name: everything belongs to a user. */
const NAME = "tirek-walk";
let opening = null;
export let isSafe = true;

function open() {
  if (!opening) {
    opening = new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("plans", { keyPath: "user" });
        asked.result.createObjectStore("rooms", { keyPath: ["user", "place"] }).createIndex("user", "user");
        asked.result.createObjectStore("photographs", { keyPath: "uuid" }).createIndex("user", "user");
      };
      asked.onerror = () => reject(asked.error);
      asked.onsuccess = () => {
        asked.result.onversionchange = () => asked.result.close();
        resolve(asked.result);
      };
    });
    opening.catch(() => (opening = null));
  }
  return opening;
}

async function ask(stores, mode, what) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const change = database.transaction(stores, mode, mode === "readwrite" ? { durability: "strict" } : undefined);
    let found;
    const asked = what(change);
    if (asked) asked.onsuccess = () => (found = asked.result);
    change.oncomplete = () => resolve(found);
    change.onerror = () => reject(change.error);
    change.onabort = () => reject(change.error);
  });
}

async function write(store, what) {
  try {
    await ask([store], "readwrite", what);
    isSafe = true;
  } catch (error) {
    isSafe = false;
    throw error;
  }
}

export function currentUser() {
  try {
    return Number(localStorage.getItem("tirek-walk:user")) || null;
  } catch (error) {
    return null;
  }
}

export function setCurrentUser(user) {
  try {
    localStorage.setItem("tirek-walk:user", String(user));
  } catch (error) {
    /* found again with the next plan */
  }
}

export const plan = (user) => ask(["plans"], "readonly", (change) => change.objectStore("plans").get(user));
export const keepPlan = (value) => write("plans", (change) => change.objectStore("plans").put(value));

const byUser = (store, user) =>
  ask([store], "readonly", (change) => change.objectStore(store).index("user").getAll(user)).then((rows) => rows || []);
export const records = (user) => byUser("rooms", user);
export const record = (user, place) =>
  ask(["rooms"], "readonly", (change) => change.objectStore("rooms").get([user, place]));
export const keepRecord = (value) => write("rooms", (change) => change.objectStore("rooms").put(value));
export const forgetRecord = (user, place) => write("rooms", (change) => change.objectStore("rooms").delete([user, place]));

/* Change a record as it now stands: another tab, or the sender, may have written since. */
export function changeRecord(user, place, how) {
  return write("rooms", (change) => {
    const store = change.objectStore("rooms");
    const asked = store.get([user, place]);
    asked.addEventListener("success", () => {
      if (!asked.result) return;
      how(asked.result);
      store.put(asked.result);
    });
    return null;
  });
}

export const photographs = (user) => byUser("photographs", user);
export const keepPhotograph = (value) => write("photographs", (change) => change.objectStore("photographs").put(value));
export const forgetPhotograph = (uuid) => write("photographs", (change) => change.objectStore("photographs").delete(uuid));

export function changePhotograph(uuid, how) {
  return write("photographs", (change) => {
    const store = change.objectStore("photographs");
    const asked = store.get(uuid);
    asked.addEventListener("success", () => {
      if (!asked.result) return;
      how(asked.result);
      store.put(asked.result);
    });
    return null;
  });
}

/* How much somebody else has kept here and not yet sent. */
export async function waitingOfOthers(user) {
  const all = await ask(["rooms"], "readonly", (change) => change.objectStore("rooms").getAll());
  const pictures = await ask(["photographs"], "readonly", (change) => change.objectStore("photographs").getAll());
  return (
    (all || []).filter((one) => one.user !== user && isWaiting(one)).length +
    (pictures || []).filter((one) => one.user !== user && !one.sent && !one.refused).length
  );
}

export function isWaiting(one) {
  return one.ready && one.sent !== one.uuid && !one.refused;
}

/* A random name that nobody else gives. */
export function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

export function device() {
  try {
    let name = localStorage.getItem("tirek-walk:device");
    if (!name) {
      name = newUuid().slice(0, 8);
      localStorage.setItem("tirek-walk:device", name);
    }
    return name;
  } catch (error) {
    return "";
  }
}
