"""Applying's view of a running Asterisk, over AMI."""

from __future__ import annotations

from jackfield.errors import CommandFailed
from jackfield.telephony.ami import AmiClient


class AmiControl:
    """An `AsteriskControl` on a connection of its own."""

    def __init__(self, client: AmiClient) -> None:
        """`client` is connected."""
        self._client = client

    @classmethod
    def connect(cls, host: str, port: int, username: str, secret: str) -> AmiControl:
        """Connect and log in.

        Raises:
            NotConnected: Asterisk is not there, or does not know us.
        """
        client = AmiClient(host, port, username, secret)
        client.connect()
        return cls(client)

    def load(self, module: str) -> None:
        """Load a module; one that is loaded already is reloaded."""
        try:
            self._client.action("ModuleCheck", Module=module.removesuffix(".so"))
        except CommandFailed:
            self._client.action("ModuleLoad", Module=module, LoadType="load")
        else:
            self.reload(module)

    def reload(self, module: str) -> None:
        """Reload a module or a part of the core."""
        try:
            self._client.action("Reload", Module=module)
        except CommandFailed as error:
            if "does not support reload" not in str(error):
                raise

    def endpoints(self) -> set[str]:
        """Endpoints that Asterisk knows."""
        try:
            events = self._client.action("PJSIPShowEndpoints").events
        except CommandFailed:  # its answer when there are none
            return set()
        return {event["ObjectName"] for event in events if event.event == "EndpointList"}

    def registrations(self) -> set[str]:
        """Outbound registrations that Asterisk knows, whatever their state."""
        try:
            events = self._client.action("PJSIPShowRegistrationsOutbound").events
        except CommandFailed:  # its answer when there are none
            return set()
        return {event["ObjectName"] for event in events if event.event == "OutboundRegistrationDetail"}

    def dialplan(self) -> dict[str, set[str]]:
        """Extensions of each context; a context without any is there too."""
        found: dict[str, set[str]] = {}
        try:
            events = self._client.action("ShowDialPlan").events
        except CommandFailed:  # it is empty
            return found
        for event in events:
            if event.event == "ListDialplan":
                found.setdefault(event["Context"], set()).update(filter(None, [event.get("Extension", "")]))
        return found

    def queues(self) -> set[str]:
        """Queues that app_queue knows."""
        try:
            events = self._client.action("QueueSummary").events
        except CommandFailed:  # the module is not loaded
            return set()
        return {event["Queue"] for event in events if event.event == "QueueSummary"}

    def close(self) -> None:
        """Disconnect."""
        self._client.close()
