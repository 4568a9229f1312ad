// Dictation, where the browser offers it.

import { $ } from "./dom.js";

const FAILURES = {
  "not-allowed": "The browser may not use the microphone: allow it for this page.",
  "audio-capture": "The browser finds no microphone.",
  network: "This browser sends speech to a service of its maker, which is out of reach. Type instead.",
  "service-not-allowed": "This browser offers no dictation here. Type instead.",
};

/** Puts what is heard into the field and calls `done` with the final transcript. */
export function start(field, done) {
  const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
  if (!Recognition) return;
  const button = $("#dictate");
  const recognition = new Recognition();
  recognition.lang = "en-US";
  recognition.interimResults = true;
  let listening = false;

  const tell = (text) => $("#heard").replaceChildren(text);
  const set = (now) => {
    listening = now;
    button.setAttribute("aria-pressed", String(now));
    button.textContent = now ? "Listening…" : "Dictate";
  };
  recognition.onresult = (event) => {
    field.value = [...event.results].map((result) => result[0].transcript).join(" ").trim();
    if (event.results[event.results.length - 1].isFinal) done();
  };
  recognition.onerror = (event) => {
    set(false);
    if (!["no-speech", "aborted"].includes(event.error)) tell(FAILURES[event.error] ?? `Dictation failed: ${event.error}.`);
  };
  recognition.onend = () => set(false);
  button.addEventListener("click", () => {
    if (listening) { recognition.stop(); return; }
    tell("");
    set(true);
    recognition.start();
  });
  button.hidden = false;
}
