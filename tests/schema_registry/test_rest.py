"""The REST face, without Kafka: records are replayed at once."""

import json
from typing import Any

from kafkalab.schema_registry.requests import Answer, Request
from kafkalab.schema_registry.rest import answer
from kafkalab.schema_registry.subjects import NOOP, Subjects

ONE = '{"type":"record","name":"O","fields":[{"name":"id","type":"string"}]}'
TWO = (
    '{"type":"record","name":"O","fields":'
    '[{"name":"id","type":"string"},{"name":"n","type":"int","default":0}]}'
)
BAD = '{"type":"record","name":"O","fields":[{"name":"id","type":"int"}]}'
VERSIONS = "/subjects/orders-value/versions"


class Registry:
    """A registry whose topic is a list."""

    def __init__(self) -> None:
        self.subjects = Subjects()
        self.topic = [NOOP]

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        given = answer(self.subjects, Request(method, path, query, body))
        for record in given.records:
            self.topic.append(record)
            self.subjects.replay(*record)
        return given

    def register(self, schema: str, path: str = VERSIONS) -> Answer:
        return self.ask("POST", path, {"schema": schema})

    def reopened(self) -> "Registry":
        """Another registry on the same topic, compacted."""
        other = Registry()
        latest = {record.key: record for record in self.topic}
        other.topic = [record for record in self.topic if latest[record.key] is record]
        for record in other.topic:
            other.subjects.replay(*record)
        return other


def code(given: Answer) -> int:
    return int(given.body["error_code"])


def test_register_then_read_back() -> None:
    registry = Registry()
    assert registry.register(ONE).body == {"id": 1, "version": 1, "schema": ONE}
    assert registry.register(TWO).body["id"] == 2
    assert registry.ask("GET", "/subjects").body == ["orders-value"]
    assert registry.ask("GET", VERSIONS).body == [1, 2]
    latest = registry.ask("GET", f"{VERSIONS}/latest").body
    assert latest == {"subject": "orders-value", "version": 2, "id": 2, "schema": TWO}
    assert registry.ask("GET", "/schemas/ids/1").body == {"schema": ONE}
    assert registry.ask("GET", "/schemas/ids/1/schema").body == json.loads(ONE)
    assert registry.ask("GET", "/schemas/ids/2/versions").body == [
        {"subject": "orders-value", "version": 2}
    ]
    assert registry.ask("POST", "/subjects/orders-value", {"schema": ONE}).body["version"] == 1


def test_the_same_schema_again_is_no_new_version_and_elsewhere_has_the_same_id() -> None:
    registry = Registry()
    registry.register(ONE)
    assert registry.register(json.dumps(json.loads(ONE), indent=2)).records == ()
    other = registry.register(ONE, "/subjects/copies/versions").body
    assert (other["id"], other["version"]) == (1, 1)
    assert registry.ask("GET", "/schemas/ids/1/subjects").body == ["copies", "orders-value"]


def test_an_incompatible_schema_is_refused_with_409_and_why() -> None:
    registry = Registry()
    registry.register(ONE)
    refused = registry.register(BAD)
    assert (refused.status, code(refused), refused.records) == (409, 40901, ())
    assert "TYPE_MISMATCH" in refused.body["message"]
    assert "/fields/0/type" in refused.body["message"]
    tested = registry.ask("POST", f"/compatibility{VERSIONS}/latest", {"schema": BAD})
    assert tested.body == {"is_compatible": False}
    told = registry.ask("POST", f"/compatibility{VERSIONS}", {"schema": BAD}, verbose="true")
    assert told.body["messages"]
    assert registry.ask("POST", f"/compatibility{VERSIONS}", {"schema": TWO}).body == {
        "is_compatible": True
    }


def test_levels_of_all_and_of_one_subject() -> None:
    registry = Registry()
    registry.register(ONE)
    assert registry.ask("GET", "/config").body == {"compatibilityLevel": "BACKWARD"}
    assert code(registry.ask("GET", "/config/orders-value")) == 40408
    assert code(registry.ask("PUT", "/config", {"compatibility": "SOMETIMES"})) == 42203
    registry.ask("PUT", "/config/orders-value", {"compatibility": "none"})
    assert registry.ask("GET", "/config/orders-value").body == {"compatibilityLevel": "NONE"}
    assert registry.register(BAD).status == 200
    assert registry.ask("DELETE", "/config/orders-value").status == 200
    assert registry.register('"string"').status == 409
    defaulted = registry.ask("GET", "/config/orders-value", defaultToGlobal="true")
    assert defaulted.body == {"compatibilityLevel": "BACKWARD"}


def test_deleting_is_soft_first_and_then_for_good() -> None:
    registry = Registry()
    registry.register(ONE)
    registry.register(TWO)
    assert code(registry.ask("DELETE", f"{VERSIONS}/2", permanent="true")) == 40407
    assert registry.ask("DELETE", f"{VERSIONS}/2").body == 2
    assert code(registry.ask("DELETE", f"{VERSIONS}/2")) == 40406
    assert registry.ask("GET", VERSIONS).body == [1]
    assert registry.ask("GET", VERSIONS, deleted="true").body == [1, 2]
    assert registry.ask("GET", "/schemas/ids/2").status == 200  # messages still have this id
    assert code(registry.ask("DELETE", "/subjects/orders-value", permanent="true")) == 40405
    assert registry.ask("DELETE", "/subjects/orders-value").body == [1]
    assert code(registry.ask("DELETE", "/subjects/orders-value")) == 40404
    assert registry.ask("GET", "/subjects").body == []
    assert registry.ask("GET", "/subjects", deleted="true").body == ["orders-value"]
    assert registry.ask("DELETE", "/subjects/orders-value", permanent="true").body == [1, 2]
    assert registry.ask("GET", "/subjects", deleted="true").body == []
    assert code(registry.ask("GET", "/schemas/ids/2")) == 40403


def test_a_deleted_schema_registered_again_keeps_its_id_and_gets_a_new_version() -> None:
    registry = Registry()
    registry.register(ONE)
    registry.ask("DELETE", "/subjects/orders-value")
    again = registry.register(ONE).body
    assert (again["id"], again["version"]) == (1, 2)


def test_errors_have_the_usual_codes() -> None:
    registry = Registry()
    assert code(registry.ask("GET", VERSIONS)) == 40401
    assert code(registry.ask("DELETE", "/subjects/none")) == 40401
    assert code(registry.ask("GET", "/schemas/ids/7")) == 40403
    assert code(registry.ask("GET", "/schemas/ids/x")) == 40403
    assert code(registry.register("{")) == 42201
    assert code(registry.ask("POST", VERSIONS, {"schema": ONE, "schemaType": "JSON"})) == 42201
    assert code(registry.ask("POST", VERSIONS, ["what"])) == 42201
    registry.register(ONE)
    assert code(registry.ask("GET", f"{VERSIONS}/9")) == 40402
    assert code(registry.ask("GET", f"{VERSIONS}/0")) == 42202
    assert code(registry.ask("GET", f"{VERSIONS}/second")) == 42202
    assert code(registry.ask("POST", "/subjects/orders-value", {"schema": TWO})) == 40403
    assert registry.ask("GET", "/nothing/here").status == 404
    assert registry.ask("PATCH", "/subjects").status == 405


def test_a_registry_that_starts_again_knows_all_it_knew_after_compaction_too() -> None:
    registry = Registry()
    registry.register(ONE)
    registry.register(TWO)
    registry.register('"string"', "/subjects/other/versions")
    registry.ask("PUT", "/config/other", {"compatibility": "FULL"})
    registry.ask("DELETE", f"{VERSIONS}/1")
    again = registry.reopened()
    for path in ("/subjects", VERSIONS, "/config/other", "/schemas", "/schemas/ids/1"):
        assert again.ask("GET", path).body == registry.ask("GET", path).body, path
    assert again.register('"long"', "/subjects/third/versions").body["id"] == 4


def test_a_subject_may_have_any_name() -> None:
    registry = Registry()
    registry.register(ONE, "/subjects/a%2Fb%20c/versions")
    assert registry.ask("GET", "/subjects").body == ["a/b c"]


def test_foreign_records_in_the_topic_are_passed_over() -> None:
    subjects = Subjects()
    for key in (b"", b"no json", b"[]", b'"x"', b'{"keytype":"MODE"}'):
        subjects.replay(key, b"{}")
    assert subjects.names() == []
