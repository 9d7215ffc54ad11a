"""The index of one namespace: its scripts and its records behind one object."""

from raincheck.index.alias_scripts import AliasScripts
from raincheck.index.backfill_scripts import BackfillScripts
from raincheck.index.bad_messages import BadMessages
from raincheck.index.connection import Connection
from raincheck.index.deletion_scripts import DeletionScripts
from raincheck.index.elsewhere import Elsewhere
from raincheck.index.event_log import EventLog
from raincheck.index.lineage_records import LineageRecords
from raincheck.index.listing_scripts import ListingScripts
from raincheck.index.match_records import MatchRecords
from raincheck.index.model_scripts import ModelScripts
from raincheck.index.node_scripts import NodeScripts
from raincheck.index.overlay import Overlay
from raincheck.index.records import Records
from raincheck.index.reuse_scripts import ReuseScripts
from raincheck.index.run_scripts import RunScripts
from raincheck.index.subscription_scripts import SubscriptionScripts
from raincheck.index.version_scripts import VersionScripts


class Index:
    """Everything one namespace of the index can do.

    Args:
        connection: to the server and namespace.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.runs = RunScripts(connection)
        self.versions = VersionScripts(connection)
        self.aliases = AliasScripts(connection)
        self.reuse = ReuseScripts(connection)
        self.deletions = DeletionScripts(connection)
        self.nodes = NodeScripts(connection)
        self.records = Records(connection)
        self.overlay = Overlay(connection)
        self.lineage = LineageRecords(connection)
        self.models = ModelScripts(connection)
        self.listing = ListingScripts(connection)
        self.events = EventLog(connection)
        self.subscriptions = SubscriptionScripts(connection)
        self.backfills = BackfillScripts(connection)
        self.matches = MatchRecords(connection)
        self.bad_messages = BadMessages(connection)

    def elsewhere(self, namespace: str | None) -> "Index":
        """Another namespace, to be read only; None is this one."""
        return self if namespace is None else Index(Elsewhere(self.connection, namespace))

    def answering(self, artifact: str) -> "Index":
        """The namespace that answers for an artifact: this one, or its fall-back."""
        return self.elsewhere(self.overlay.namespace_of(artifact))

    @property
    def namespace(self) -> str:
        """The namespace."""
        return self.connection.namespace
