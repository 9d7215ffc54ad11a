"""The names of things, each a constrained `str` with one pattern.

No name holds `:`, `{`, `}` or a control character, so that the keys of the index can be built
from names without escaping; and none that a user gives holds `/`: `model/<name>` is the series
of versions of a model.
"""

from typing import Annotated

from pydantic import StringConstraints

ARTIFACT_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"
MODEL_PREFIX = "model/"
SERIES_NAME_PATTERN = r"^(model/)?[a-z0-9][a-z0-9._-]{0,63}$"
VERSION_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
# An alias of digits only would read like a version, and `latest` is the index's own.
ALIAS_PATTERN = r"^(?!latest$)(?=[A-Za-z0-9._+-]*[A-Za-z._+-])[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
IDENTIFIER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"
FUNCTION_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"
DIGEST_PATTERN = r"^b3:[0-9a-f]{64}$"
RUN_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,199}$"
QUEUE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
NAMESPACE_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"
METADATA_KEY_PATTERN = r"^[^\x00-\x1f]{1,128}$"

ArtifactName = Annotated[str, StringConstraints(pattern=ARTIFACT_NAME_PATTERN)]
#: An artifact, or a model: what has versions.
SeriesName = Annotated[str, StringConstraints(pattern=SERIES_NAME_PATTERN)]
ModelName = Annotated[str, StringConstraints(pattern=ARTIFACT_NAME_PATTERN)]
VersionName = Annotated[str, StringConstraints(pattern=VERSION_NAME_PATTERN)]
# Pydantic's own engine has no look-ahead: the alias is checked in `references.py`.
Digest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
RunId = Annotated[str, StringConstraints(pattern=RUN_ID_PATTERN)]
StepName = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
PipelineName = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
OutputName = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
FunctionPath = Annotated[str, StringConstraints(pattern=FUNCTION_PATTERN)]
QueueName = Annotated[str, StringConstraints(pattern=QUEUE_PATTERN)]
Namespace = Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN)]
MetadataKey = Annotated[str, StringConstraints(pattern=METADATA_KEY_PATTERN)]
Tag = Annotated[str, StringConstraints(pattern=VERSION_NAME_PATTERN)]
