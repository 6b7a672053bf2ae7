// The backend of the page: serves it, and fetches for it what needs the access token, which stays here.
//
//   HUB         where the hub is (http://127.0.0.1:8080)
//   TOKEN_FILE  the access token (data/owner.token at the root of the repository)
//   PORT        where to listen on this machine (3000)
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const HUB = process.env.HUB ?? "http://127.0.0.1:8080";
const TOKEN_FILE = process.env.TOKEN_FILE ?? fileURLToPath(new URL("../../data/owner.token", import.meta.url));
const PORT = Number(process.env.PORT ?? 3000);

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const WELCOME = `Shopping for the picnic

- bread
- apples

Type in either pane. Take one offline, go on in both, come back.
`;

const NEW_DOCUMENT = { name: "Two panes", doc_type: "Text", content: WELCOME };

/** Asks the hub, as the user of the token. */
async function ask(path, body) {
  const answer = await fetch(HUB + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${readFileSync(TOKEN_FILE, "utf8").trim()}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the hub answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [here("page/app.js")],
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
  });
  return outputFiles[0].text;
}

const json = (value) => ({ type: "application/json", body: JSON.stringify(value) });
const file = (name, type) => async () => ({ type, body: readFileSync(here(name)) });
const script = await bundle();

const ROUTES = {
  "GET /": file("page/index.html", "text/html; charset=utf-8"),
  "GET /style.css": file("page/style.css", "text/css"),
  "GET /app.js": async () => ({ type: "text/javascript", body: script }),
  "GET /hub": async () => json({ sync: `${HUB.replace(/^http/, "ws")}/sync` }),
  "POST /ticket": async () => json(await ask("/sync-tickets", {})),
  "POST /document": async () => json(await ask("/documents", NEW_DOCUMENT)),
};

const server = createServer(async (request, response) => {
  const route = ROUTES[`${request.method} ${request.url.split("?")[0]}`];
  try {
    const { type, body } = route ? await route() : { type: "text/plain", body: "not here" };
    response.writeHead(route ? 200 : 404, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
  } catch (error) {
    console.error(error.cause?.message ?? error.message);
    response.writeHead(502, { "Content-Type": "text/plain" }).end("the hub cannot be reached");
  }
});
server.listen(PORT, "127.0.0.1", () => {
  console.log(`Open http://127.0.0.1:${server.address().port} in a browser. The hub is at ${HUB}.`);
});
