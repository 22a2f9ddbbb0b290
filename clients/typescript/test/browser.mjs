// The example page in a real browser: what serves it, what opens it, and what is looked at in it.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { PATIENCE } from "./kit.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const TYPES = {
  html: "text/html",
  css: "text/css",
  js: "text/javascript",
  map: "application/json",
  txt: "text/plain",
};

/** Serves the built page. */
async function served(t) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    const file = path === "/" ? "index.html" : path.slice(1);
    try {
      if (file.includes("/")) throw new Error("no such page");
      const body = readFileSync(new URL(`../dist/example/${file}`, import.meta.url));
      response
        .writeHead(200, { "content-type": TYPES[file.split(".").at(-1)] ?? "application/octet-stream" })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((then) => server.listen(0, "127.0.0.1", then));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

/** The page of one service at a broker's WebSocket, and whatever went wrong in it. */
export async function open(t, broker, cluster, service) {
  const asked = new URLSearchParams({ broker: broker.web, cluster, service });
  const url = `${await served(t)}?${asked}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    timeout: PATIENCE,
  });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 720, height: 760 }, colorScheme: "light" });
  const problems = [];
  page.setDefaultTimeout(PATIENCE);
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  await page.goto(url);
  return { page, problems };
}

/** Waits until a part of the page says what is wanted. */
export const says = (page, selector, wanted) => page.locator(selector).filter({ hasText: wanted }).waitFor();

/** Presses the button in the page, and tells what the answer was and after how many milliseconds. */
export const timedCall = (page) =>
  page.evaluate(
    () =>
      new Promise((then) => {
        const answer = document.querySelector("#answer");
        const began = performance.now();
        new MutationObserver((_, observer) => {
          if (answer.textContent === "waiting") return;
          observer.disconnect();
          then({ told: answer.textContent, took: performance.now() - began });
        }).observe(answer, { childList: true, characterData: true, subtree: true });
        document.querySelector("button").click();
      }),
  );
