"""What the pictures of one partition share: which it is, and the chips by which it is chosen.

Read next: `pictures.partition_log`, `pictures.replication`.
"""

from kafkalab.frames.shape import Frame
from lab.scenes.clock import seconds
from lab.scenes.controls import draw_picker
from lab.scenes.picture import Sight
from lab.scenes.shapes import Shape, group
from lab.scenes.view import View, absent, chosen_topic, topics_in_order

_PICKER_HEIGHT = 32


def key_of(word: str, frame: Frame, view: View) -> str:
    """`log orders 2`, a detail of the partition looked at; "" if there is none."""
    topic = chosen_topic(frame, view.topic)
    if topic is None or not topic["partitions"]:
        return ""
    if view.partition >= len(topic["partitions"]):
        return ""
    return f"{word} {topic['name']} {view.partition}"


def picker_of(sight: Sight) -> tuple[list[Shape], float, bool]:
    """Chips for the topics if there are several, their height, and whether to page partitions."""
    topic = chosen_topic(sight.frame, sight.view.topic)
    names = [each["name"] for each in topics_in_order(sight.frame)]
    if sight.controls is None or not names:
        return [], 0.0, False
    has_buttons = topic is not None and len(topic["partitions"]) > 1
    if topic is not None and len(names) < 2:
        return [], 0.0, has_buttons
    chips = draw_picker(names, topic["name"] if topic else "", None, sight.width)
    return [group("picker", chips, label="Topics")], _PICKER_HEIGHT, has_buttons


def absent_of(sight: Sight) -> str:
    """What to say instead, if the partition looked at is not there at this instant; else ""."""
    return absent(sight.frame, sight.view)


def absent_words(sight: Sight) -> str:
    """The same with the picture's title and instant, for its text twin."""
    said, frame = absent_of(sight), sight.frame
    return f"{frame['title']} · {seconds(frame['now'])} s\n{said}" if said else ""
