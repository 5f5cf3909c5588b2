"""The spacetime diagram in plain words: for screen readers, terminals, `print` and nbval.

Read next: `spacetime`, the same as a picture.
"""

from kafkalab.frames.spacetime import SpaceTimeFrame
from lab.scenes.clock import seconds
from lab.scenes.shapes import plain

MESSAGES = 30


def write_text(frame: SpaceTimeFrame) -> str:
    """Title, finding, the chain, and the messages in the order of their arrival."""
    lines = [frame["title"], frame["settings"], frame["say"], ""]
    for step in frame["chain"]:
        lines.append(f"{step['step']:>3}  {seconds(step['at']):>9} s  {step['words']}")
    lines += ["", f"Messages from {seconds(frame['since'])} s to {seconds(frame['until'])} s"]
    for message in frame["messages"][:MESSAGES]:
        api = message["api"].replace("_", " ").lower()
        step = f"  ({message['step']})" if "step" in message else ""
        arrived = message["arrived"]
        ends = f"{seconds(arrived)} s" if arrived is not None else message["state"]
        what = f"{api} {message['what']}{_state(message['state'])}{step}"
        way = f"{message['source']} → {message['target']}"
        lines.append(f"  {seconds(message['sent'])} → {ends}  {way}  {what}")
    more = len(frame["messages"]) - MESSAGES
    if more > 0:
        lines.append(f"  and {more} more that are drawn")
    if frame["left_out"]:
        lines.append(f"  {frame['left_out']} more arrived, and are not shown")
    return "\n".join(plain(line).rstrip() for line in lines)


def _state(state: str) -> str:
    return {"arrived": "", "flying": "  (under way)"}.get(state, f"  ({state})")
