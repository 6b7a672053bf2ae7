// The pages of a hub in a headless Chromium: they show the API, complain of nothing, and ask nobody else for anything.
//
// CHROMIUM names another program than the one on the path; SCREENSHOTS, a folder to which pages are drawn.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { hubOnly, startServer } from "../support/server.js";

let hub, browser;
if (!hubOnly.skip) {
  before(async () => {
    hub = await startServer();
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"], // a build machine's user is root, for whom Chromium has no sandbox
    });
  });
  after(async () => {
    await browser?.close();
    await hub.close();
  });
}

/** Opens a page of the hub, and gives it with what it asked for and complained of. */
async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const [asked, complaints] = [[], []];
  page.on("request", (request) => asked.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => response.ok() || complaints.push(`${response.url()}: ${response.status()}`));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(hub.url + path, { waitUntil: "networkidle" });
  return { page, asked, complaints };
}

async function drawn(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

test("the reference shows every operation, and stays on the hub", hubOnly, async () => {
  const description = await (await fetch(`${hub.url}/openapi.json`)).json();
  const { page, asked, complaints } = await open("/docs");
  for (const [path, verbs] of Object.entries(description.paths)) {
    for (const [method, { operationId, summary }] of Object.entries(verbs)) {
      const shown = page.locator(`article[id="${operationId}"]`);
      assert.equal(await shown.locator("h3").innerText(), summary);
      assert.equal(await shown.locator(".line code").innerText(), path);
      assert.match(await shown.locator("pre").innerText(), method === "get" ? /^curl / : new RegExp(`-X ${method}`, "i"));
    }
  }
  await page.locator("aside").getByRole("link", { name: "PATCH /documents/{id}", exact: true }).click();
  await page.locator("#editDocument:target").waitFor();
  assert.ok(asked.every((url) => url.startsWith(hub.url)), asked.join("\n"));
  assert.ok(asked.some((url) => url.endsWith("/docs/style.css")));
  assert.deepEqual(complaints, []);
  await drawn(page, "reference");
});

test("it can be read in the dark, on a phone, and by keyboard alone", hubOnly, async () => {
  const light = await open("/docs");
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await open("/docs", { colorScheme: "dark", viewport: { width: 390, height: 800 } });
  assert.notEqual(await ground(light.page), await ground(dark.page));
  const wide = await dark.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "the page is not wider than the screen");
  await drawn(dark.page, "reference-dark");

  await light.page.keyboard.press("Tab");
  await light.page.keyboard.press("Enter");
  assert.equal(await light.page.evaluate(() => document.activeElement.id), "text");
  assert.deepEqual([...light.complaints, ...dark.complaints], []);
});

test("guides and problems are pages, too", hubOnly, async () => {
  for (const path of ["/docs/feed", "/docs/architecture", "/docs/problems/version-required", "/docs/runbooks"]) {
    const { page, asked, complaints } = await open(path);
    assert.ok((await page.locator("main").innerText()).length > 200, path);
    assert.ok(asked.every((url) => url.startsWith(hub.url)), asked.join("\n"));
    assert.deepEqual(complaints, [], path);
    await drawn(page, path.replaceAll("/", "-").slice(1));
  }
});
