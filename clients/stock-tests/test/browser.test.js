// The example page in a headless Chromium: two panes and the example agent write one text.
//
// CHROMIUM names another program than the one on the path; SCREENSHOT, a file to which the page is drawn at the end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { hubOnly, startServer } from "../support/server.js";
import { within } from "../support/until.js";

const EXAMPLES = fileURLToPath(new URL("../../../examples/", import.meta.url));
const PATIENCE_MS = 60_000;

let hub, site, agent, browser;
if (!hubOnly.skip) {
  before(async () => {
    hub = await startServer();
    site = await Example.start("browser/server.js", [], { PORT: "0" });
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"], // a build machine's user is root, for whom Chromium has no sandbox
    });
  });
  after(async () => {
    await browser?.close();
    await agent?.stop();
    await site?.stop();
    await hub.close();
  });
}

/** An example that runs, with the first line that it printed. */
class Example {
  static async start(program, args, env) {
    const child = spawn(process.execPath, [join(EXAMPLES, program), ...args], {
      env: { ...process.env, HUB: hub.url, TOKEN_FILE: join(hub.folder, "data/owner.token"), ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said = once(createInterface({ input: child.stdout }), "line");
    const [line] = await within(PATIENCE_MS, `${program} to start`, said);
    return Object.assign(new Example(), { child, line });
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    this.child.kill();
    await once(this.child, "exit");
  }
}

/** Whether both panes have this in their text; runs in the page. */
const bothShow = (text) => [...document.querySelectorAll("textarea")].every(({ value }) => value.includes(text));

test("two panes and an agent write one text", hubOnly, async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(site.line.match(/http:\S+/)[0]);
  const [ada, grace] = [page.locator("textarea").nth(0), page.locator("textarea").nth(1)];
  const same = page.locator("#agreement[data-state=same]");
  const shows = (text) => page.waitForFunction(bothShow, text);
  await same.waitFor();

  await ada.press("Control+Home");
  await ada.pressSequentially("Ada was here. ");
  await grace.press("Control+End");
  await grace.pressSequentially("Grace was here.\n");
  await shows("Ada was here. ");
  await shows("Grace was here.\n");

  const url = await page.evaluate(() => location.hash.slice(1));
  agent = await Example.start("node-agent/agent.js", [url]);
  await ada.press("End");
  await grace.pressSequentially("@agent longest\n\nand Grace goes on");
  await ada.pressSequentially(" And still is.");
  await shows('→ the longest word is "');
  await shows("and Grace goes on");
  await shows("And still is.");

  await page.locator(".switch").nth(1).click();
  await grace.pressSequentially(", offline");
  await ada.pressSequentially(" Online.");
  await page.locator("#agreement[data-state=apart]").waitFor();
  await page.locator(".switch").nth(1).click();
  await shows("and Grace goes on, offline");
  await shows(" Online.");
  await same.waitFor();

  const { content } = await hub.rest("owner", "GET", `/documents/${url.slice("automerge:".length)}`);
  assert.equal(await ada.inputValue(), content);
  assert.match(content, /^Ada was here\. Shopping for the picnic And still is\. Online\.\n/);
  assert.deepEqual(errors, []);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});
