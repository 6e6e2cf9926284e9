"""The channels that a deployment has, opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.notify.channels.amqp import Amqp
from services.notify.channels.channel import Channel as Way
from services.notify.channels.email import Email, Server
from services.notify.channels.robots import RobotChannel
from services.notify.channels.webhook import Webhook
from services.notify.engine.connection import open_session
from shared.events.notify import Channel
from shared.runtime.partner_queue import PartnerQueues
from shared.runtime.settings import NotifySettings


@asynccontextmanager
async def open_channels(settings: NotifySettings) -> AsyncIterator[Mapping[Channel, Way]]:
    """The channels that this deployment has, by name."""
    async with open_session(settings.allow_networks, settings.deadline) as session:
        ways: dict[Channel, Way] = {
            "webhook": Webhook(session),
            "wecom": RobotChannel("wecom", session),
            "dingtalk": RobotChannel("dingtalk", session),
        }
        if settings.smtp_url is not None and settings.smtp_from is not None:
            server = Server.of(settings.smtp_url.get_secret_value())
            ways["email"] = Email(server, settings.smtp_from, settings.deadline)
        queues = PartnerQueues(settings.amqp_url, "notify")
        if settings.amqp_available:
            ways["amqp"] = Amqp(queues)
        try:
            yield ways
        finally:
            await queues.close()
