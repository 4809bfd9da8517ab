// The office's server, which can be killed and comes back at the same address, and what its ledger says.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Office {
  #child;
  #port = 0;

  constructor(binary, folder) {
    this.binary = binary;
    this.folder = folder;
  }

  /** Where the service stands, such as http://127.0.0.1:8080. */
  get site() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get ledger() {
    return `${this.site}/donglang`;
  }

  async open() {
    const listen = `127.0.0.1:${this.#port}`;
    const settings = ["serve", "--data", "data", "--listen", listen, "--lang", "zh"];
    this.#child = spawn(this.binary, settings, { cwd: this.folder, stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: this.#child.stdout })) {
      const found = /http:\/\/127\.0\.0\.1:(\d+)\/donglang/.exec(line);
      if (found !== null) {
        this.#port = Number(found[1]);
        break;
      }
    }
    this.#child.stdout.resume();
  }

  /** As a power cut does it. */
  async kill() {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  /** As its operator does it. */
  async close() {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code] = await gone;
    return code;
  }

  async size() {
    return (await (await fetch(`${this.ledger}/ledger.json`)).json()).size;
  }

  /** An entry as it stands, in one text. */
  async entry(index) {
    return (await fetch(`${this.ledger}/e/${index}/raw`)).text();
  }
}
