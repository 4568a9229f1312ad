// The service's HTTP API. Every fault comes out as one class with what to do.

export class Fault extends Error {
  constructor(status, error, headers) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.hint = error.hint ?? "";
    this.retryable = Boolean(error.retryable);
    this.after = Number(headers?.get("retry-after")) || 0;
  }
}

const UNREACHABLE = {
  code: "unreachable",
  message: "The service does not answer.",
  hint: "Is it running? This page tries again by itself.",
  retryable: true,
};

let askForKey = async () => false;
export const onKeyNeeded = (ask) => { askForKey = ask; };

let lost = () => {};
export const onLost = (told) => { lost = told; };

const key = () => sessionStorage.getItem("console.key");
export const hasKey = () => key() !== null;
export const setKey = (value) => sessionStorage.setItem("console.key", value);

async function send(path, options) {
  const headers = new Headers(options.headers);
  if (key()) headers.set("Authorization", `Bearer ${key()}`);
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Fault(0, UNREACHABLE);
  }
}

async function faultOf(response) {
  try {
    return new Fault(response.status, (await response.json()).error, response.headers);
  } catch {
    return new Fault(response.status, { code: "unknown", message: `HTTP ${response.status}` });
  }
}

export async function request(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response;
  const fault = await faultOf(response);
  if (fault.status === 401 && (await askForKey(fault))) return request(path, options);
  throw fault;
}

const JSON_TYPE = { "content-type": "application/json" };

export const getJSON = async (path) => (await request(path)).json();

export const postJSON = async (path, body) =>
  (await request(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) })).json();

const entryPath = (collection, id) =>
  `/v1/knowledge/${encodeURIComponent(collection)}/${encodeURIComponent(id)}`;

const matching = (etag) => (etag ? { "If-Match": `"${etag}"` } : {});

export const putEntry = async (collection, id, fields, etag) =>
  (await request(entryPath(collection, id), {
    method: "PUT", headers: { ...JSON_TYPE, ...matching(etag) }, body: JSON.stringify(fields),
  })).json();

export const getEntry = (collection, id) => getJSON(entryPath(collection, id));

export const deleteEntry = (collection, id, etag) =>
  request(entryPath(collection, id), { method: "DELETE", headers: matching(etag) });

/** Yields {event, data} for each Server-Sent Event of a POST. */
export async function* stream(path, body, signal) {
  const response = await request(path, {
    method: "POST", headers: JSON_TYPE, body: JSON.stringify(body), signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name !== "AbortError") lost();
      throw error.name === "AbortError" ? error : new Fault(0, { ...UNREACHABLE, message: "The connection broke off." });
    });
    if (done) return;
    pending += value;
    const events = pending.split(/\r?\n\r?\n/);
    pending = events.pop();
    yield* events.map(parsed).filter(Boolean);
  }
}

function parsed(text) {
  let event = "message";
  const data = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  return data.length ? { event, data: JSON.parse(data.join("\n")) } : null;
}
