/* Time left. The server says how many milliseconds; from then on this device's own clock only counts them down. */
const WARNINGS = [10, 5, 1];
let timer = null;

export function left(record) {
  return record.ends - Date.now();
}

export function start(getRecord, draw, warn, over) {
  stop();
  let before = null;
  const tick = () => {
    const record = getRecord();
    if (!record || record.state !== "working") return;
    const now = left(record);
    draw(now);
    if (before !== null) {
      for (const minutes of WARNINGS) if (before > minutes * 60000 && now <= minutes * 60000) warn(minutes);
    }
    before = now;
    if (now <= 0) {
      stop();
      over();
    }
  };
  timer = setInterval(tick, 1000);
  tick();
}

export function stop() {
  if (timer !== null) clearInterval(timer);
  timer = null;
}
