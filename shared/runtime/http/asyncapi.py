"""The events of a service as documents that programs read: JSON Schema and AsyncAPI."""

from __future__ import annotations

from collections.abc import Mapping

from shared.kernel.event import Event, Partners
from shared.kernel.partner import HIDDEN_FIELDS
from shared.runtime.broker import CONTENT_TYPE, EXCHANGE, routing_key


def schema_of(model: type[Event]) -> dict[str, object]:
    """The JSON Schema (2020-12) of the data of an event type, named by its `dataschema`.

    What the partners' form leaves out is not required, so that the schema holds for both forms.
    """
    schema = model.model_json_schema(mode="serialization")
    if issubclass(model, Partners):
        schema["required"] = [name for name in schema["required"] if name not in HIDDEN_FIELDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:linli:event:{model.type}:1",
        **schema,
    }


def asyncapi_document(service: str, event_types: Mapping[str, type[Event]]) -> dict[str, object]:
    """An AsyncAPI 3.0 document: a channel for each routing key of the exchange, a message for each type."""
    names = sorted(event_types)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Linli {service} events", "version": "1"},
        "defaultContentType": CONTENT_TYPE,
        "channels": {name: _channel(service, name) for name in names},
        "operations": {
            f"send-{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}} for name in names
        },
        "components": {"messages": {name: _message(event_types[name]) for name in names}},
    }


def summary_of(model: type[Event]) -> str:
    """What an event of this type says: the words of its model, without its line breaks."""
    return " ".join((model.__doc__ or "").split())


def _channel(service: str, name: str) -> dict[str, object]:
    return {
        "address": routing_key(service, name),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic", "durable": True}}
        },
    }


def _message(model: type[Event]) -> dict[str, object]:
    """The data of a CloudEvent in structured mode; its attributes are those of CloudEvents 1.0."""
    data = {name: value for name, value in schema_of(model).items() if name != "$schema"}
    return {
        "name": model.type,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "contentType": CONTENT_TYPE,
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {"type": {"const": model.type}, "data": data},
        },
    }
