"""A schema registry: which schemas a topic's messages may have, and whether a new one fits the old.

    rest            GET, POST, PUT, DELETE as plain data ──▶ an answer, and records to write first
    subjects        the state: subjects, versions, ids, settings; made by replaying `_schemas`
    compatibility   can this reader read what that writer wrote?
    avro            the text of a schema, and what it says

Nothing here does I/O.  As in the engine, the log is the state: a change is a record of the
compacted topic `_schemas`, and counts once it has been read back.  So a registry that starts again
reads the topic and knows all it knew.

In Confluent's Schema Registry: `KafkaStore`, `KafkaSchemaRegistry`, `rest/resources`; the keys and
values in `_schemas` are the same JSON.
Left out: JSON Schema and Protobuf, references, contexts, associations, modes other than READWRITE,
rules and tags.
Read next: `rest`; `live.schema_registry`, which gives it a port and two Kafka clients.
"""
