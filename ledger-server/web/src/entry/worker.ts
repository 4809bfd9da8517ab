// Checks a whole ledger beside the page, so that the page never waits.
import { httpSource } from "../page/http.ts";
import type { WholeAsked, WholeSaid } from "../page/whole.ts";
import { audit, checkContinues } from "../verify/audit.ts";
import { utf8 } from "../verify/bytes.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { Fault } from "../verify/fault.ts";
import { VerifierKey } from "../verify/key.ts";
import { parsePolicy } from "../verify/policy.ts";
import { TileReader } from "../verify/tile.ts";

function say(what: WholeSaid): void {
  postMessage(what);
}

async function check(asked: WholeAsked): Promise<void> {
  const logKey = VerifierKey.parse(asked.logKey);
  if (logKey === undefined) {
    return say({ is: "open", message: "the log's key" });
  }
  const source = httpSource(asked.base);
  const pins = { origin: asked.origin, ledgerId: asked.ledgerId, logKey };
  const { checkpoint, signatures } = await audit(source, pins, {
    policy: parsePolicy(asked.policy),
    progress: (checked, size) => say({ is: "progress", checked, size }),
  });
  // What was shown must be in what was checked.
  const seen = openCheckpoint(utf8(asked.least), logKey);
  await checkContinues(await TileReader.open(source, checkpoint), seen);
  say({ is: "holds", size: checkpoint.size, signatures });
}

onmessage = ({ data }: MessageEvent<WholeAsked>) => {
  check(data).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Fault) {
      say({ is: "fails", message, index: error.index, kind: error.rule ?? error.kind });
    } else {
      say({ is: "open", message });
    }
  });
};
