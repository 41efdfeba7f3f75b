/* Keeps the page and its parts, so that a reload without a connection works. VERSION and KEPT stand above. Answers and
   booklets never pass through here: the page itself keeps them. */
const NAME = "tirek-sit-" + VERSION;
const PAGE = "/sit/";
const PATIENCE = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await cache.addAll([PAGE, ...KEPT].map((address) => new Request(address, { cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("tirek-sit-") && name !== NAME) await caches.delete(name);
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

/* The newest page if it comes soon, else the one that is kept. */
async function page(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(PAGE);
  const fresh = fetch(request).then((answer) => {
    if (answer.ok) cache.put(PAGE, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  const patience = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  return Promise.race([fresh.then((answer) => (answer.ok ? answer : kept)).catch(() => kept), patience]);
}

async function part(request) {
  const cache = await caches.open(NAME);
  return (await cache.match(request, { ignoreSearch: true })) || fetch(request);
}
