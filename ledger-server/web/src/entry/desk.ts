// The script of the staff desk. Views register themselves when they are imported; residents never load it.
import "../desk/charter.ts";
import "../desk/form.ts";
import "../desk/enrol.ts";
import "../desk/import.ts";
import "../desk/inbox.ts";
import "../desk/keys.ts";
import "../desk/publish.ts";
import "../desk/sign_in.ts";
import { start } from "../desk/view.ts";

start();
