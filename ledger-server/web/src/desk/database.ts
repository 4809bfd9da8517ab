// The desk's database in this browser: key files, and forms that are not finished. What is written is on the
// disk when it is said to be written, whatever becomes of browser and machine.

const DATABASE = "sanzi-desk";
/** Each kind of thing, and the field that it is found by. */
const KINDS = { keys: "key", forms: "name" };
/** Raised whenever a kind is added. */
const VERSION = 2;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

/** The database; `undefined` where the browser has none, or not for this site. */
function database(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, VERSION);
      request.onupgradeneeded = () => {
        for (const [kind, keyPath] of Object.entries(KINDS)) {
          if (!request.result.objectStoreNames.contains(kind)) {
            request.result.createObjectStore(kind, { keyPath });
          }
        }
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
      request.onblocked = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
}

/** Reads or writes what is kept of a kind; does the other thing where there is no database, or it fails. */
export async function within<T>(
  kind: keyof typeof KINDS,
  mode: IDBTransactionMode,
  work: (kept: IDBObjectStore) => IDBRequest<T>,
  otherwise: () => T,
): Promise<T> {
  const open = await database();
  if (open === undefined) {
    return otherwise();
  }
  try {
    const transaction = open.transaction(kind, mode, { durability: "strict" });
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB"));
    });
    const result = await done(work(transaction.objectStore(kind)));
    await ended;
    return result;
  } catch {
    return otherwise();
  } finally {
    open.close();
  }
}
