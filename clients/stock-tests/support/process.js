// A server as a child process: started, waited for, killed and stopped, always by its own handle.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/**
 * Ports are taken from below those that the system gives to outgoing connections. A client that retries to reach a
 * stopped server could otherwise be given the server's own port and connect to itself.
 */
const PORTS = { first: 20_000, count: 12_000 };

/** A port of this machine on which nobody listens. */
export async function freePort() {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const probe = createServer();
    probe.listen(port, "127.0.0.1");
    const [event] = await Promise.race([
      once(probe, "listening").then(() => ["listening"]),
      once(probe, "error").then(() => ["error"]),
    ]);
    if (event === "error") continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

/** Those that run. They end with this process, also when the test runner has waited long enough for it. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
process.once("SIGTERM", () => process.exit(143));

/** A child process that prints one line of JSON when it is ready. What it says to standard error goes to `log`. */
export class ServerProcess {
  /** Starts the program and waits for its line. */
  static async start(program, args, { env = {}, log }) {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", openSync(log, "a")],
    });
    running.add(child);
    const ended = once(child, "exit").then(([code, signal]) => {
      running.delete(child);
      throw new Error(`${program} ended (${code ?? signal}) before it was ready:\n${readFileSync(log, "utf8")}`);
    });
    const failed = once(child, "error").then(([error]) => {
      throw new Error(`cannot run ${program}: build it first, or say where it is`, { cause: error });
    });
    const ready = once(createInterface({ input: child.stdout }), "line").then(([line]) => JSON.parse(line));
    ended.catch(() => {});
    failed.catch(() => {});
    return new ServerProcess(child, await Promise.race([ready, ended, failed]));
  }

  constructor(child, ready) {
    this.child = child;
    this.ready = ready;
  }

  /** Ends it at once, as a power cut would; what it had not made durable is gone. */
  kill() {
    return this.#end("SIGKILL");
  }

  /** Asks it to stop. */
  stop() {
    return this.#end("SIGTERM");
  }

  async #end(signal) {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, "exit");
    this.child.kill(signal);
    await exit;
  }
}
