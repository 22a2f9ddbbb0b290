// The stream of `/api/v1/events`, and what becomes of it when it breaks. The browser comes back by
// itself and says what it heard last; where it gives up (the server refuses) or does not notice that
// the connection is dead, we begin anew.

/** A stream that lives sends something every second; one that is silent for so long is dead. */
const DEAD = 10_000;
/** How long to wait before beginning anew. */
const PAUSE = 2_000;

const URL = "/api/v1/events?with=overview,services&recent=200";

/**
 * Listens. `opened` is called at each connection, before anything comes in; `heard` with what comes:
 * its kind (overview, services, event) and the JSON; `lost` when there is no connection.
 */
export function listen({ opened, heard, lost }) {
  let source = null;
  let [last, timer] = [performance.now(), null];

  function take(kind) {
    return (event) => {
      last = performance.now();
      let json;
      try {
        json = JSON.parse(event.data);
      } catch {
        return;
      }
      heard(kind, json);
    };
  }

  function begin() {
    clearTimeout(timer);
    timer = null;
    source?.close();
    last = performance.now();
    source = new EventSource(URL);
    source.addEventListener("open", () => {
      last = performance.now();
      opened();
    });
    source.addEventListener("error", () => {
      lost();
      if (source.readyState === EventSource.CLOSED) later();
    });
    source.addEventListener("overview", take("overview"));
    source.addEventListener("services", take("services"));
    source.addEventListener("message", take("event"));
  }

  function later() {
    timer ??= setTimeout(begin, PAUSE);
  }

  function watch() {
    if (timer === null && performance.now() - last > DEAD) begin();
  }

  begin();
  setInterval(watch, PAUSE);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) watch();
  });
}
