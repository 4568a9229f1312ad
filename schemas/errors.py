"""Every fault the service can name, each with its code, HTTP status and what to do.

CommandInterpreterError
├── RequestError                    the caller can mend it
│   ├── InvalidRequest        422
│   ├── Unauthorized          401
│   ├── NotFound              404
│   ├── MethodNotAllowed      405
│   ├── Conflict              409
│   └── RequestTooLarge       413
├── ServiceError                    the caller can try again
│   ├── QueueFull             429
│   ├── NotReady              503
│   ├── ShuttingDown          503
│   ├── DeadlineExceeded      504
│   └── Cancelled             499   the client went away; nobody reads the answer
├── ModelError                      the language model
│   ├── ModelFileMissing      503
│   ├── ModelFileCorrupt      503
│   ├── GrammarError          503
│   ├── ModelUnavailable      503
│   └── ModelAnswerInvalid    502
├── KnowledgeError                  the knowledge base
│   ├── EmbedderMissing       503
│   ├── EmbedderMismatch      503
│   ├── StoreCorrupt          503
│   ├── StoreUnavailable      503
│   ├── StoreInUse            503
│   └── ImportRejected        422
└── SettingsError             503   the configuration, or the machine it meets
"""

from __future__ import annotations

from typing import ClassVar


class CommandInterpreterError(Exception):
    """A fault with a name.

    Args:
        message: what happened, with the value at fault.
        hint: what to do about it, in place of the class's own.
        retry_after: whole seconds after which trying again makes sense.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    default_hint: ClassVar[str] = "Look into the service's log for this request id."

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.hint = hint if hint is not None else self.default_hint


class RequestError(CommandInterpreterError):
    """The request is at fault."""

    status = 422


class InvalidRequest(RequestError):
    """The body or a parameter is not what the route takes."""

    code = "invalid_request"
    default_hint = "Compare the request with the schema at /docs."


class Unauthorized(RequestError):
    """No key, or a wrong one."""

    code = "unauthorized"
    status = 401
    default_hint = "Send the service's key as 'Authorization: Bearer KEY'."


class NotFound(RequestError):
    """No such route, collection or entry."""

    code = "not_found"
    status = 404
    default_hint = "See /docs for the routes and GET /v1/knowledge for the collections."


class MethodNotAllowed(RequestError):
    """The route exists, with another method."""

    code = "method_not_allowed"
    status = 405
    default_hint = "See /docs for the methods of the route."


class Conflict(RequestError):
    """The entry changed since the caller read it."""

    code = "conflict"
    status = 409
    default_hint = "Read the entry again and send its new ETag as If-Match."


class RequestTooLarge(RequestError):
    """The body is larger than the service takes."""

    code = "request_too_large"
    status = 413
    default_hint = "Send a smaller body, or raise COMMAND_INTERPRETER_SERVER__MAX_BODY_BYTES."


class ServiceError(CommandInterpreterError):
    """The service cannot answer now."""

    status = 503
    retryable = True


class QueueFull(ServiceError):
    """As many requests wait as may."""

    code = "queue_full"
    status = 429
    default_hint = "Wait for the seconds in Retry-After and send it again."


class NotReady(ServiceError):
    """The model or the knowledge base is still loading, or failed to."""

    code = "not_ready"
    default_hint = "Poll GET /ready: it says what is missing."


class ShuttingDown(ServiceError):
    """The service finishes what it has and takes nothing new."""

    code = "shutting_down"
    default_hint = "Send the request again once the service is back."


class DeadlineExceeded(ServiceError):
    """No answer came within the request's time."""

    code = "deadline_exceeded"
    status = 504
    default_hint = "Send it again, or raise COMMAND_INTERPRETER_QUEUE__DEADLINE_SECONDS."


class Cancelled(ServiceError):
    """The client went away and the decoding was stopped."""

    code = "cancelled"
    status = 499
    default_hint = "Nothing to do: the client closed the connection."


class ModelError(CommandInterpreterError):
    """The language model is at fault."""

    status = 503


class ModelFileMissing(ModelError):
    """There is no file where the settings say."""

    code = "model_file_missing"
    default_hint = (
        "Set COMMAND_INTERPRETER_MODEL__PATH to a GGUF file, or unset it for the default weights."
    )


class ModelFileCorrupt(ModelError):
    """The file is no GGUF that llama.cpp can load."""

    code = "model_file_corrupt"
    default_hint = "Compare the file's sha256 with its model card and fetch it again."


class GrammarError(ModelError):
    """The decoding grammar does not compile for this model's vocabulary."""

    code = "grammar_error"
    default_hint = "The command classes make a grammar llguidance refuses: see the message."


class ModelUnavailable(ModelError):
    """The remote model server does not answer, or the model was closed."""

    code = "model_unavailable"
    retryable = True
    default_hint = "Check COMMAND_INTERPRETER_MODEL__BASE_URL and that the server there is running."


class ModelAnswerInvalid(ModelError):
    """The model's text holds no valid plan, even read leniently."""

    code = "model_answer_invalid"
    status = 502
    retryable = True
    default_hint = "Use a model tuned on these commands, or a server that constrains decoding."


class KnowledgeError(CommandInterpreterError):
    """The knowledge base is at fault."""

    status = 503


class EmbedderMissing(KnowledgeError):
    """The embedder's folder is missing or broken, or needs a library that is not installed."""

    code = "embedder_missing"
    default_hint = (
        "Set COMMAND_INTERPRETER_KNOWLEDGE__EMBEDDER to a "
        "sentence-transformers folder, or unset it."
    )


class EmbedderMismatch(KnowledgeError):
    """The collection was filled with another embedder."""

    code = "embedder_mismatch"
    default_hint = (
        "Use the embedder the collection names, or import into a new "
        "COMMAND_INTERPRETER_KNOWLEDGE__PATH."
    )


class StoreCorrupt(KnowledgeError):
    """The folder is no Chroma store this version reads."""

    code = "store_corrupt"
    default_hint = "Move the folder away and start again: the arena files are imported anew."


class StoreUnavailable(KnowledgeError):
    """The Chroma server does not answer."""

    code = "store_unavailable"
    retryable = True
    default_hint = (
        "Check COMMAND_INTERPRETER_KNOWLEDGE__CHROMA_URL and that the server there is running."
    )


class StoreInUse(KnowledgeError):
    """Another process holds the folder of the embedded store."""

    code = "store_in_use"
    default_hint = (
        "A running service holds it: add --url http://127.0.0.1:8000 to ask that service, or stop "
        "it, or set COMMAND_INTERPRETER_KNOWLEDGE__PATH to another folder."
    )


class ImportRejected(KnowledgeError):
    """The file or folder holds no knowledge in a form we read."""

    code = "import_rejected"
    status = 422
    default_hint = "See docs/your-own-arena.md for the forms that are read."


class SettingsError(CommandInterpreterError):
    """A setting is wrong, or the machine does not allow it."""

    code = "settings_error"
    status = 503
    default_hint = (
        "Correct it on the command line, in the environment or in the settings file; "
        "docs/operations.md explains settings."
    )
