// A thousand services, some with names that mean harm; and a lookout that ends.

import assert from 'node:assert/strict';
import { fits, open, says } from './kit.mjs';

const [base, services] = [process.argv[2], Number(process.argv[3])];
const { browser, page, problems } = await open(base);
await page.waitForFunction((count) => document.querySelectorAll('#services .row').length === count, services);

// How long it takes from the first byte until all rows are there, and the longest task of it.
await page.addInitScript((count) => {
  globalThis.longest = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, task.duration);
  }).observe({ type: 'longtask', buffered: true });
  const watch = () => {
    if (document.querySelectorAll('#services .row').length === count) globalThis.usable = performance.now();
    else requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}, services);
await page.reload();
const usable = await page.waitForFunction(() => globalThis.usable);
const longest = await page.evaluate(() => globalThis.longest);
console.log(`usable ${Math.round(await usable.jsonValue())} ms, longest task ${Math.round(longest)} ms`);

// Names are texts: nothing of them runs, turns what is beside them, or bursts the page.
assert.equal(await page.evaluate(() => globalThis.harm), undefined);
assert.equal(await page.locator('#services img, #services script').count(), 0);
const names = await page.locator('#services .name').allInnerTexts();
assert.ok(names.some((name) => name.includes('<img src=x onerror=')), 'it is shown as it is');
assert.ok(names.every((name) => !/[\u202e\u200f]/.test(name)), 'nothing turns the text');
await page.locator('#services .row').filter({ hasText: '<img' }).first().click();
await says(page, 'h1', /<img src=x onerror=/);
await says(page, '#of-methods tbody th', /./);
assert.equal(await page.evaluate(() => globalThis.harm), undefined);
await page.goBack();
await page.setViewportSize({ width: 360, height: 740 });
await fits(page, 'long names on a phone');
await page.setViewportSize({ width: 1360, height: 800 });

// The last one can be reached, and is drawn when it is.
await page.locator('#search').fill('s0999');
await says(page, '#services .row .name', /^s0999$/);
await says(page, '#services .row .p95', /ms/);

// A lookout that ends: what is shown is old, and says so.
assert.deepEqual(problems, []);
console.log('ready');
await says(page, '#stale', /No word from lookout for \d+ s: what is shown is old/);
assert.ok(await page.evaluate(() => document.body.classList.contains('stale')));
assert.match(await page.title(), /no data/);
await browser.close();
