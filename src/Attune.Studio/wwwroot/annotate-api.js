// Calls to the studio's API.

import { state } from "./annotate-state.js";

const Timeout = 20_000;     // milliseconds; without it a dead connection would block every later call

/** @returns {status, body}; throws when the studio cannot be reached. */
export async function call(method, path, body) {
  const reply = await request(method, path, body);
  return reply.status === 400 && await renewFormToken() ? request(method, path, body) : reply;
}

/** Like call, with status 0 when the studio cannot be reached. */
export function tryCall(method, path, body) {
  return call(method, path, body).catch(() => ({ status: 0 }));
}

async function request(method, path, body) {
  const response = await fetch(`/api/projects/${state.settings.project}/${path}`, {
    method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json", RequestVerificationToken: state.formToken },
    signal: AbortSignal.timeout(Timeout),
  });
  return { status: response.status, body: await response.json().catch(() => null) };
}

/** Signing in again makes a new form token. */
async function renewFormToken() {
  const page = await fetch(location.pathname);
  const meta = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("meta[name=form-token]");
  if (page.redirected || !meta)
    return false;
  state.formToken = meta.content;
  return true;
}
