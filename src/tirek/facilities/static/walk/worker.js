/* Keeps the page and its parts, so that the walk begins without a connection. VERSION and KEPT stand above. What was found
   and the photographs never pass through here: the page itself keeps and sends them. */
const NAME = "tirek-walk-" + VERSION;
const PAGE = "/rooms/walk/";
const PATIENCE = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(KEPT.map((address) => new Request(address, { cache: "reload" })));
    const page = await fetch(PAGE, { cache: "reload", redirect: "manual" });
    if (!page.ok) throw new Error("signed out: nothing to keep");
    await cache.put(PAGE, page);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("tirek-walk-") && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && address.pathname === PAGE) event.respondWith(page(event.request));
  else if (KEPT.includes(address.pathname)) event.respondWith(part(event.request));
});

/* The newest page if it comes soon, else the one that is kept; also when we are signed out, so that nobody loses sight of
   what waits here: the page itself asks to sign in. */
async function page(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(PAGE);
  const fresh = fetch(request).then((answer) => {
    if (answer.ok) cache.put(PAGE, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  const patience = new Promise((resolve) => setTimeout(() => resolve(kept.clone()), PATIENCE));
  return Promise.race([fresh.then((answer) => (answer.ok ? answer : kept)).catch(() => kept), patience]);
}

async function part(request) {
  const cache = await caches.open(NAME);
  return (await cache.match(request, { ignoreSearch: true })) || fetch(request);
}
