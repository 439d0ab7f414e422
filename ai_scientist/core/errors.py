"""Errors, by what the caller can do about them.

    AIScientistError            every error that we raise on purpose
    ├── ConfigError             nothing was started; fix the settings or the call          exit 2
    │   ├── TopicRefused        this engine cannot study the topic; says what it can       exit 2
    │   └── MissingTool         a program or package is absent; says how to install it     exit 2
    ├── TransientError          may pass if tried again                                    exit 1
    ├── BudgetExceeded          stop cleanly; everything so far is kept                    exit 3
    ├── SandboxError            the sandbox failed, not the experiment in it               exit 1
    ├── ModelError              the model cannot answer this; trying again will not help   exit 1
    │   └── AnswerInvalid       an answer that stayed malformed after repair; agents have a fallback
    │       └── AnswerRefused   the model will not answer this
    ├── EditRejected            an edit does not apply, or changes nothing
    ├── DiskFull                make room, then resume                                     exit 1
    └── RunCorrupted            the run's folder is not what the run left there            exit 1

An experiment that crashes, hangs or prints nonsense is none of these: it is an outcome in the journal.
"""

from __future__ import annotations


class AIScientistError(Exception):
    """Root of every error that this package raises on purpose."""

    exit_code = 1


class ConfigError(AIScientistError):
    """Nothing was started: the settings or the arguments are wrong."""

    exit_code = 2


class TopicRefused(ConfigError):
    """The engine cannot study this topic honestly; the message names what it can."""


class MissingTool(ConfigError):
    """A program or package is absent.

    Attributes:
        cure: The command that installs it.
    """

    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(f"{message} To install it: {cure}")
        self.cure = cure


class TransientError(AIScientistError):
    """May pass if tried again.

    Attributes:
        retry_after_seconds: How long the other side asked us to wait; None if it did not say.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BudgetExceeded(AIScientistError):
    """A limit would be passed by the next step, which was therefore not taken.

    Attributes:
        limit: Which limit: "usd", "tokens", "seconds" or "nodes", with the stage in front if it is a stage's.
        stage: The stage whose own limit it is; empty for the run's.
    """

    exit_code = 3

    def __init__(self, message: str, *, limit: str, stage: str = "") -> None:
        super().__init__(message)
        self.limit = limit
        self.stage = stage


class SandboxError(AIScientistError):
    """The sandbox itself cannot work. Never raised for what the program inside did."""


class ModelError(AIScientistError):
    """The model cannot answer: wrong key, unknown model. Trying again will not help."""


class AnswerInvalid(ModelError):
    """The answer does not fit its type, also after it was sent back with the reasons."""


class AnswerRefused(AnswerInvalid):
    """The model, or its provider's filter, will not answer this."""


class EditRejected(AIScientistError):
    """An edit whose search text is not there exactly once, or which changes nothing."""


class DiskFull(AIScientistError):
    """There is no room left to write; what was written is whole, and `resume` goes on once there is room."""


class RunCorrupted(AIScientistError):
    """A run's folder is not what the run left there; the message names the file."""
