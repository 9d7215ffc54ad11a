"""The settings, read from the environment: the only place that does."""

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from raincheck.durations import seconds_of
from raincheck_contracts.errors import SettingsError
from raincheck_contracts.names import Namespace
from raincheck_contracts.version_text import RESERVED


def _names(value: object) -> object:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return value


def _duration(value: Any) -> object:  # pydantic checks what is no duration
    if not isinstance(value, str | timedelta):
        return value
    try:
        return seconds_of(value)
    except SettingsError as error:
        raise ValueError(error.problem) from error


class Settings(BaseSettings):
    """Where the index, the broker and the blobs are, and how long things take.

    Each field is read from `RAINCHECK_<FIELD>` when it is not given.
    """

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="RAINCHECK_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    home: Path = Path(".raincheck")
    """Folder of the embedded server and of local blobs."""
    url: str | None = None
    """redis-py URL of the index; None is the embedded server of `home`."""
    broker_url: str | None = None
    """Celery URL of the broker; None is the server of the index."""
    store: str | None = None
    """Folder of the blobs, a path or `file://`; None is `<home>/blobs`."""
    namespace: Namespace = "default"
    """Prefix of all keys; the unit of sharding and the trust boundary."""
    fallback_namespace: Namespace | None = None
    """Namespace on the same server that is read, never written, for artifacts of which the own
    one has no version."""
    lease: Annotated[float, BeforeValidator(_duration), Field(ge=1, allow_inf_nan=False)] = 10.0
    """Seconds of silence after which a worker is taken for dead."""
    shutdown_grace: Annotated[
        float, BeforeValidator(_duration), Field(ge=0, allow_inf_nan=False)
    ] = 20.0
    """Seconds that a running step may still take when its worker ends; then it is given back."""
    wait: Annotated[float, BeforeValidator(_duration), Field(ge=0, allow_inf_nan=False)] = 3_600.0
    """Seconds that a queued step waits for what it refers to."""
    durability: Literal["relaxed", "strict"] = "relaxed"
    """`strict`: the append-only file and every blob are synced before a write counts."""
    imports: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()
    """Modules that a worker imports, separated by commas or spaces."""
    inline_limit: Annotated[int, Field(ge=0, le=65_536)] = 4_096
    """Bytes up to which a value is kept in the index itself."""
    log_format: Literal["text", "json"] = "text"
    """`json`: a worker logs one JSON object a line."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """Port at which a worker serves its metrics; 0 is any free one, None is none."""
    metrics_host: str = "127.0.0.1"
    """Address of that port."""
    openlineage: bool = False
    """Whether attempts of steps are told to whom the settings of OpenLineage's client name."""

    @field_validator("fallback_namespace")
    @classmethod
    def _another(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value == info.data.get("namespace"):
            raise ValueError(f"{value!r} is the namespace itself: name another, or none")
        if value == RESERVED:
            raise ValueError(f"{value!r} is no name for a fall-back: names of models begin so")
        return value

    @property
    def strict(self) -> bool:
        """Whether a write counts only when it is on the disk."""
        return self.durability == "strict"

    @property
    def blob_folder(self) -> Path:
        """Absolute folder of the blobs.

        Raises:
            SettingsError: `store` has a scheme that this release does not know, or no
                absolute path after `file://`.
        """
        if self.store is None:
            return self.home.absolute() / "blobs"
        scheme, separator, rest = self.store.partition("://")
        if not separator:
            return Path(self.store).expanduser().absolute()
        if scheme != "file":
            problem = f"{self.store!r}: only folders (a path or file://) are supported"
            raise SettingsError("RAINCHECK_STORE", problem)
        if not rest.startswith("/"):
            problem = f"{self.store!r}: write file:///absolute/path"
            raise SettingsError("RAINCHECK_STORE", problem)
        return Path(rest)


def read_settings(**fields: Any) -> Settings:
    """The settings of the environment, with `fields` in their place.

    Raises:
        SettingsError: names the setting and what is wrong with it.
    """
    if fields:
        return _read(fields)
    # Each call of `delay()` and each step asks: reading anew only what has changed since.
    return _read_environment(
        tuple(
            (name, value)
            for name, value in os.environ.items()  # noqa: TID251 - settings are read here
            if name[:10].upper() == "RAINCHECK_"
        )
    )


@lru_cache(maxsize=8)
def _read_environment(variables: tuple[tuple[str, str], ...]) -> Settings:
    del variables  # they tell one reading from another
    return _read({})


def _read(fields: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = "RAINCHECK_" + "_".join(str(item) for item in first["loc"]).upper()
        problem = first["msg"].removeprefix("Value error, ")
        if first["type"] != "value_error":  # ours show the value themselves
            problem = f"{first['input']!r:.80}: {problem}"
        raise SettingsError(name, problem) from error


def set_variable(name: str, value: str) -> None:
    """Set a variable of this process for a library that has no other setting."""
    os.environ[name] = value  # noqa: TID251 - settings are read and written here


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a child process that shall have these settings.

    Returns:
        This process's environment with `settings` in place of its own.
    """
    environment = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - settings are read and written here
        if not name.startswith("RAINCHECK_")
    }
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        environment[f"RAINCHECK_{name.upper()}"] = text
    return environment
