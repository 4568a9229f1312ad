// Dictation, where the browser offers it.

import { $ } from "./dom.js";

/** Puts what is heard into the field and calls `done` with the final transcript. */
export function start(field, done) {
  const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
  if (!Recognition) return;
  const button = $("#dictate");
  const recognition = new Recognition();
  recognition.lang = "en-US";
  recognition.interimResults = true;
  let listening = false;

  const set = (now) => {
    listening = now;
    button.setAttribute("aria-pressed", String(now));
    button.textContent = now ? "Listening…" : "Dictate";
  };
  recognition.onresult = (event) => {
    field.value = [...event.results].map((result) => result[0].transcript).join(" ").trim();
    if (event.results[event.results.length - 1].isFinal) done();
  };
  recognition.onerror = (event) => { button.title = `Dictation failed: ${event.error}`; set(false); };
  recognition.onend = () => set(false);
  button.addEventListener("click", () => {
    if (listening) { recognition.stop(); return; }
    set(true);
    recognition.start();
  });
  button.hidden = false;
}
